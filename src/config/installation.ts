/**
 * The installation file: which systems there are, how to sign in, which keys, where the files are. Secrets stand in files
 * of their own, named here, so that this file can live in Git. Checked at start; unknown fields are refused.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { parse } from 'yaml';
import { MAX_WAIT_MS } from '../domain/messages.js';

const closed = { additionalProperties: false } as const;
const Name = Type.String({ minLength: 1, maxLength: 200 });
const Path = Type.String({ minLength: 1, maxLength: 1_000 });
/** Whole path of a program: nothing is looked up on a PATH. */
const Program = Type.String({ pattern: '^/', maxLength: 1_000 });
const Url = Type.String({ pattern: '^https?://[^\\s@]+$', maxLength: 500 });
const Rate = Type.Optional(Type.Number({ exclusiveMinimum: 0 }));

const AzureLogin = Type.Union([
  Type.Object(
    { kind: Type.Literal('workload-identity'), tenantId: Type.Optional(Name), clientId: Type.Optional(Name) },
    closed,
  ),
  Type.Object({ kind: Type.Literal('managed-identity'), clientId: Type.Optional(Name) }, closed),
  Type.Object({ kind: Type.Literal('azure-cli') }, closed),
  Type.Object(
    { kind: Type.Literal('client-secret'), tenantId: Name, clientId: Name, clientSecretFile: Path },
    closed,
  ),
  Type.Object(
    { kind: Type.Literal('token-endpoint'), tokenUrl: Url, clientId: Name, clientSecretFile: Path },
    closed,
  ),
]);

const VaultLogin = Type.Union([
  Type.Object({ kind: Type.Literal('token'), tokenFile: Path }, closed),
  Type.Object(
    { kind: Type.Literal('kubernetes'), mount: Type.Optional(Name), role: Name, jwtFile: Path },
    closed,
  ),
  Type.Object(
    { kind: Type.Literal('approle'), mount: Type.Optional(Name), roleId: Name, secretIdFile: Path },
    closed,
  ),
]);

/** An address without path: a credential is bound to it. */
const Origin = Type.String({ pattern: '^https?://[^\\s@/?#]+/?$', maxLength: 500 });

const KubernetesConnection = Type.Object(
  { name: Name, server: Url, tokenFile: Path, caFile: Type.Optional(Path) },
  closed,
);

const RegistryHost = Type.Object(
  {
    /** host and port, as in image references */
    host: Type.String({ pattern: '^[A-Za-z0-9.-]+(:[0-9]{1,5})?$', maxLength: 255 }),
    usernameFile: Type.Optional(Path),
    passwordFile: Type.Optional(Path),
    /** http instead of https */
    insecure: Type.Optional(Type.Boolean()),
    callsPerSecond: Rate,
  },
  closed,
);

export const InstallationShape = Type.Object(
  {
    taskQueuePrefix: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,60}$' }),
    timing: Type.Union([Type.Literal('standard'), Type.Literal('brisk')]),
    /** a plan older than this is computed anew before the rollout; what differs goes back to the gates */
    replanAfterMs: Type.Integer({ minimum: 0 }),
    /** longest time that a state of a system is waited for, in milliseconds: shorter than `MAX_WAIT_MS` */
    waitAtMostMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 30 * 60_000 })),
    /** how long an Application must stay healthy before it counts, in milliseconds */
    stabilisationMs: Type.Integer({ minimum: 0 }),
    /** `paths`: folder of promotion paths; unset: nothing can be promoted */
    files: Type.Object({ inventory: Path, policies: Path, paths: Type.Optional(Path) }, closed),
    keys: Type.Object(
      {
        ring: Path,
        codec: Path,
        decision: Type.Optional(Path),
        request: Type.Optional(Path),
        checkpoint: Type.Optional(Path),
      },
      closed,
    ),
    signIn: Type.Object(
      {
        issuer: Url,
        audience: Name,
        pageClientId: Name,
        cliClientId: Name,
        accountClaim: Name,
        personClaim: Name,
        groupsClaim: Name,
        /** whose tokens they are: by this it is told who is a person and who is a machine; unset: rfc9068 */
        provider: Type.Optional(
          Type.Enum(['entra-v1', 'entra-v2', 'okta', 'keycloak', 'auth0', 'google', 'dex', 'rfc9068']),
        ),
        /** what the page asks the provider for; unset: openid profile email groups */
        scope: Type.Optional(Name),
      },
      closed,
    ),
    page: Type.Object(
      {
        publicUrl: Url,
        sessionSecretFile: Path,
        /** origin of the Temporal UI, the only one that may call the codec server */
        temporalUiOrigin: Type.Optional(Url),
        /** the Temporal UI's client at the provider: tokens made for it read payloads and do nothing else */
        temporalUiClientId: Type.Optional(Name),
      },
      closed,
    ),
    tickets: Type.Optional(
      Type.Object(
        {
          webhookSecretFile: Path,
          /** the requester of what a ticket asks for; unset: ticketing */
          clientId: Type.Optional(Name),
        },
        closed,
      ),
    ),
    /** what the API may do beside the ledger and Temporal; what is not named here is off */
    api: Type.Optional(
      Type.Object(
        {
          /** a token that reads repositories only: requests may name their manifest in Git */
          gitlabTokenFile: Type.Optional(Path),
          /** an identity that reads the directory only: the person behind an account is looked up there */
          directoryLogin: Type.Optional(AzureLogin),
          /** client ids of machines that may ask */
          machineRequesters: Type.Optional(Type.Array(Name)),
          /** addresses or networks of proxies whose X-Forwarded-For is believed */
          trustedProxies: Type.Optional(Type.Array(Name)),
          /** /metrics asks for this bearer token */
          metricsTokenFile: Type.Optional(Path),
        },
        closed,
      ),
    ),
    /** where the API publishes signed checkpoints, out of reach of the ledger's administrators */
    checkpoints: Type.Optional(
      Type.Object({ project: Name, branch: Name, folder: Name, tokenFile: Path }, closed),
    ),
    notifications: Type.Object(
      {
        mail: Type.Optional(
          Type.Object(
            {
              host: Name,
              port: Type.Integer({ minimum: 1, maximum: 65_535 }),
              security: Type.Union([
                Type.Literal('implicit'),
                Type.Literal('starttls'),
                Type.Literal('none'),
              ]),
              from: Name,
              userFile: Type.Optional(Path),
              passwordFile: Type.Optional(Path),
              caFile: Type.Optional(Path),
            },
            closed,
          ),
        ),
        webhooks: Type.Array(Type.Object({ name: Name, url: Url, secretFile: Path }, closed)),
      },
      closed,
    ),
    systems: Type.Object(
      {
        otterize: Type.Object({ url: Url, tokenFile: Path, callsPerSecond: Rate }, closed),
        directory: Type.Object({ url: Url, login: AzureLogin, callsPerSecond: Rate }, closed),
        keyVault: Type.Optional(
          Type.Object(
            {
              login: AzureLogin,
              /** ends of host names that count as a key vault; unset: .vault.azure.net */
              hostSuffixes: Type.Optional(Type.Array(Name)),
              /** address to connect to instead of asking DNS, e.g. of a private endpoint */
              connectTo: Type.Optional(Name),
              caFile: Type.Optional(Path),
              /** switch off only for vaults that are not under vault.azure.net, e.g. stand-ins */
              verifyChallengeResource: Type.Boolean(),
              callsPerSecond: Rate,
            },
            closed,
          ),
        ),
        vault: Type.Optional(
          Type.Object(
            {
              login: VaultLogin,
              /** origins of the servers that may get this credential */
              hosts: Type.Array(Origin, { minItems: 1 }),
              callsPerSecond: Rate,
            },
            closed,
          ),
        ),
        gitlab: Type.Object({ url: Url, tokenFile: Path, callsPerSecond: Rate }, closed),
        kubernetes: Type.Object({ connections: Type.Array(KubernetesConnection) }, closed),
        /** registries of images and charts that promotions may ask */
        registry: Type.Optional(Type.Object({ hosts: Type.Array(RegistryHost, { minItems: 1 }) }, closed)),
        /** where scan reports are read */
        harbor: Type.Optional(
          Type.Object({ url: Url, usernameFile: Path, passwordFile: Path, callsPerSecond: Rate }, closed),
        ),
        /** where change records are kept */
        servicenow: Type.Optional(
          Type.Object(
            {
              url: Url,
              usernameFile: Path,
              passwordFile: Path,
              /** of new change requests: many instances let none be assessed without one */
              assignmentGroup: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
              callsPerSecond: Rate,
            },
            closed,
          ),
        ),
        /** renders overlays before a promotion; unset: places with a kustomization cannot be planned */
        kustomize: Type.Optional(Type.Object({ program: Program }, closed)),
        /** renders charts before a promotion */
        helm: Type.Optional(Type.Object({ program: Program }, closed)),
        /** what may be asked whether a delivered service works */
        checks: Type.Optional(
          Type.Object(
            {
              hosts: Type.Array(Origin),
              prometheus: Type.Optional(Type.Object({ url: Url, tokenFile: Type.Optional(Path) }, closed)),
            },
            closed,
          ),
        ),
      },
      closed,
    ),
  },
  closed,
);

export type Installation = Static<typeof InstallationShape>;

const shape = Compile(InstallationShape);

/** The installation file cannot be used; the message names every place and what belongs there. */
export class InstallationError extends Error {
  override readonly name = 'InstallationError';
}

/**
 * Reads the installation file. Relative paths in it are relative to the file.
 * @throws InstallationError
 */
export function readInstallation(path: string): Installation {
  let value: unknown;
  try {
    value = withAbsolutePaths(
      parse(readFileSync(path, 'utf8'), { maxAliasCount: 20 }),
      dirname(resolve(path)),
    );
  } catch (error) {
    // the library shows lines of the file after its first sentence
    const why =
      error instanceof Error ? (error.message.split(/ at line \d+/u)[0] ?? '').trim() : 'unreadable';
    throw new InstallationError(`${path} cannot be read as YAML: ${why}`);
  }
  if (!shape.Check(value)) {
    const faults = [...shape.Errors(value)]
      .slice(0, 20)
      .map((fault) => `${fault.instancePath === '' ? '/' : fault.instancePath}: ${fault.message}`);
    throw new InstallationError(`${path} is not a valid installation file:\n${faults.join('\n')}`);
  }
  return value;
}

/**
 * Reads a secret of one line from its file, without the line end: a token, a password, the name of a login. A library that gets
 * another one refuses it with a message that quotes it, so it is judged here.
 * @throws InstallationError when it is missing or empty, or holds a blank, a second line, a mark at its beginning or a control
 *   character; never with what it holds
 */
export function readSecret(path: string): string {
  const text = readKeyFile(path);
  const wrong = text.startsWith('\uFEFF')
    ? 'begins with a byte order mark'
    : /[\r\n]/.test(text)
      ? 'has more than one line'
      : /[\s\p{Cc}\p{Cf}]/u.test(text)
        ? 'holds a blank or a character that nobody sees'
        : undefined;
  if (wrong === undefined) return text;
  throw new InstallationError(`The secret file ${path} ${wrong}. Write the secret as its only line.`);
}

/** Reads a file of keys, which may have many lines. @throws InstallationError when it is missing or empty */
export function readKeyFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trimEnd();
  } catch {
    throw new InstallationError(
      `The secret file ${path} cannot be read. Create it, readable by this process only.`,
    );
  }
  if (text === '') throw new InstallationError(`The secret file ${path} is empty.`);
  return text;
}

/** Longest time that a state of a system is waited for, in milliseconds. */
export function waitAtMostMs(installation: Pick<Installation, 'timing' | 'waitAtMostMs'>): number {
  return Math.min(installation.waitAtMostMs ?? Number.POSITIVE_INFINITY, MAX_WAIT_MS[installation.timing]);
}

/** The installation as it may be printed: it holds names of secret files, never a secret. */
export function describeInstallation(installation: Installation): string {
  return JSON.stringify(installation, null, 2);
}

/** Fields that hold a path: those named …File, and all below `files` and `keys`. */
function withAbsolutePaths(value: unknown, base: string, isPath = false): unknown {
  if (typeof value === 'string') return isPath && !isAbsolute(value) ? resolve(base, value) : value;
  if (Array.isArray(value)) return value.map((item) => withAbsolutePaths(item, base, isPath));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      withAbsolutePaths(item, base, isPath || key.endsWith('File') || key === 'files' || key === 'keys'),
    ]),
  );
}
