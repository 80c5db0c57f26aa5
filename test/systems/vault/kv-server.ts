/**
 * A small Vault: kv v2 at `kv`, kv v1 at `old`, tokens with and without the right to write, AppRole and Kubernetes login.
 * Its answers are those that OpenBao 2.7.2 gives; `store.contract.ts` runs the same tests against both.
 */
import { randomUUID } from 'node:crypto';
import {
  type SeenRequest,
  startVendor,
  type VendorAnswer,
  type VendorServer,
} from '../http/vendor-server.js';

interface Version {
  readonly data: unknown;
  deletion_time: string;
}

interface Secret {
  readonly versions: Version[];
  custom: unknown;
}

export interface KvServer extends VendorServer {
  readonly root: string;
  readonly reader: string;
  readonly roleId: string;
  readonly secretId: string;
  readonly jwt: string;
  /** answers in place of the server, until undefined again */
  fault: ((request: SeenRequest) => VendorAnswer | undefined) | undefined;
  /** seconds that a login's token lives, 0 = for ever */
  leaseSeconds: number;
}

const DENIED: VendorAnswer = {
  status: 403,
  body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] },
};
const ABSENT: VendorAnswer = { status: 404, body: { errors: [] } };

export async function startKvServer(): Promise<KvServer> {
  const secrets = new Map<string, Secret>();
  const tokens = new Map<string, 'all' | 'read'>();
  const own = {
    root: randomUUID(),
    reader: randomUUID(),
    roleId: randomUUID(),
    secretId: randomUUID(),
    jwt: randomUUID(),
  };
  tokens.set(own.root, 'all').set(own.reader, 'read');

  const login = (good: boolean): VendorAnswer => {
    if (!good) return { status: 400, body: { errors: ['invalid role or secret ID'] } };
    const token = randomUUID();
    tokens.set(token, 'all');
    return { body: { auth: { client_token: token, lease_duration: server.leaseSeconds, renewable: true } } };
  };

  const answer = (request: SeenRequest): VendorAnswer => {
    const path = decodeURI(request.target.replace(/^\/v1\//, ''));
    const body: unknown = request.body === '' ? {} : JSON.parse(request.body);
    if (path === 'auth/approle/login') {
      return login(field(body, 'role_id') === own.roleId && field(body, 'secret_id') === own.secretId);
    }
    if (path === 'auth/kubernetes/login') {
      return field(body, 'jwt') === own.jwt ? login(true) : DENIED;
    }
    const token = String(request.headers['x-vault-token'] ?? '');
    const rights = tokens.get(token);
    if (rights === undefined) return DENIED;
    if (path === 'auth/token/lookup-self') return { body: { data: { display_name: 'token' } } };
    if (path === 'auth/token/revoke-self') {
      tokens.delete(token);
      return { status: 204 };
    }
    const mount = /^sys\/internal\/ui\/mounts\/(\w+)$/.exec(path)?.[1];
    if (mount === 'kv') return { body: { data: { type: 'kv', options: { version: '2' } } } };
    if (mount === 'old') return { body: { data: { type: 'kv', options: { version: '1' } } } };
    if (mount !== undefined) return DENIED;
    const [engine = '', kind = '', ...rest] = request.target.replace(/^\/v1\//, '').split('/');
    const name = rest.map(decodeURIComponent).join('/');
    if (engine !== 'kv') return ABSENT;
    if (rights === 'read' && request.method !== 'GET') return DENIED;
    return kind === 'data' ? data(request.method, name, body) : metadata(request.method, name, body);
  };

  const data = (method: string, name: string, body: unknown): VendorAnswer => {
    const secret = secrets.get(name);
    const version = secret?.versions.length ?? 0;
    const newest = secret?.versions.at(-1);
    if (method === 'DELETE') {
      if (newest !== undefined) newest.deletion_time = '2026-11-21T10:00:00Z';
      return { status: 204 };
    }
    if (method === 'GET') {
      if (secret === undefined || newest === undefined) return ABSENT;
      const deleted = newest.deletion_time !== '';
      const shown = {
        version,
        deletion_time: newest.deletion_time,
        destroyed: false,
        custom_metadata: secret.custom,
      };
      return {
        status: deleted ? 404 : 200,
        body: { data: { data: deleted ? null : newest.data, metadata: shown } },
      };
    }
    const cas = field(field(body, 'options'), 'cas');
    if (cas !== undefined && cas !== version) {
      return { status: 400, body: { errors: ['check-and-set parameter did not match the current version'] } };
    }
    const added = { data: field(body, 'data'), deletion_time: '' };
    if (secret === undefined) secrets.set(name, { versions: [added], custom: null });
    else secret.versions.push(added);
    return {
      body: { data: { version: version + 1, deletion_time: '', destroyed: false, custom_metadata: null } },
    };
  };

  const metadata = (method: string, name: string, body: unknown): VendorAnswer => {
    const secret = secrets.get(name);
    if (method === 'LIST') {
      const keys = [...secrets.keys()]
        .filter((key) => key.startsWith(`${name}/`))
        .map((key) => key.slice(name.length + 1));
      return keys.length === 0 ? ABSENT : { body: { data: { keys } } };
    }
    if (method === 'POST') {
      const custom = field(body, 'custom_metadata');
      if (secret === undefined) secrets.set(name, { versions: [], custom });
      else secret.custom = custom;
      return { status: 204 };
    }
    if (secret === undefined) return ABSENT;
    const versions = Object.fromEntries(
      secret.versions.map(({ deletion_time }, index) => [index + 1, { deletion_time, destroyed: false }]),
    );
    return {
      body: { data: { current_version: secret.versions.length, versions, custom_metadata: secret.custom } },
    };
  };

  const vendor = await startVendor((request) =>
    server.fault === undefined ? answer(request) : server.fault(request),
  );
  const server: KvServer = { ...vendor, ...own, fault: undefined, leaseSeconds: 3600 };
  return server;
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
