import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Call } from '../framework/operation.js';
import {
  type ApiServer,
  askedOf,
  isDryRun,
  type PatchOptions,
  type Target,
  type WriteOptions,
} from './api-server.js';
import type { StoreEvent } from './object-store.js';
import type { KubeObject } from './objects.js';
import { apiVersionOf, RESOURCES, resourceOf } from './resources.js';

const ACCESS_REVIEW = Type.Object({
  spec: Type.Object({
    resourceAttributes: Type.Optional(
      Type.Object({
        verb: Type.Optional(Type.String()),
        group: Type.Optional(Type.String()),
        resource: Type.Optional(Type.String()),
        namespace: Type.Optional(Type.String()),
      }),
    ),
  }),
});
const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;

function writeOptionsOf(call: Call): WriteOptions {
  const validation = call.query('fieldValidation');
  return {
    record: (effect, object, apply) => call.change(effect, object, apply),
    dryRun: isDryRun(call.query('dryRun')),
    ...(validation === undefined ? {} : { fieldValidation: validation }),
  };
}

/** The reading and writing routes of every kind, in every cluster, below `/clusters/<name>`. */
export function addObjectRoutes(api: ApiServer): void {
  // clients send server-side apply as JSON, which is YAML too
  api.standIn.app.addContentTypeParser(
    'application/apply-patch+yaml',
    { parseAs: 'string' },
    (_request, body, done) => {
      try {
        done(null, JSON.parse(body.toString()));
      } catch {
        done(Object.assign(new Error('the configuration is not JSON'), { statusCode: 400 }));
      }
    },
  );
  for (const base of ['/clusters/:cluster/api/v1', '/clusters/:cluster/apis/:group/:version']) {
    for (const scope of ['', '/namespaces/:namespace']) {
      addRoutesBelow(api, `${base}${scope}/:plural`);
    }
  }
}

function addRoutesBelow(api: ApiServer, collection: string): void {
  const single = `${collection}/:name`;
  const answer = (id: string, target: Target, object: KubeObject, status = 200) => {
    api.check(id, target.resource, object);
    return { status, body: object };
  };

  api.standIn.raw({
    id: 'list objects',
    method: 'GET',
    path: collection,
    handle: (request, reply) => listOrWatch(api, request, reply),
  });
  api.standIn.operation({
    id: 'create object',
    method: 'POST',
    path: collection,
    handle: (call) => {
      const target = api.target(call, 'create');
      return answer(
        'create object',
        target,
        api.create(target, call.request.body, writeOptionsOf(call)),
        201,
      );
    },
  });
  for (const path of [single, `${single}/:subresource`]) {
    api.standIn.operation({
      id: 'read object',
      method: 'GET',
      path,
      handle: (call) => {
        const target = api.target(call, 'get');
        return answer('read object', target, api.read(target));
      },
    });
    api.standIn.operation({
      id: 'replace object',
      method: 'PUT',
      path,
      handle: (call) => {
        const target = api.target(call, 'update');
        return answer('replace object', target, api.replace(target, call.request.body, writeOptionsOf(call)));
      },
    });
    api.standIn.operation({
      id: 'patch object',
      method: 'PATCH',
      path,
      handle: (call) => {
        const target = api.target(call, 'patch');
        const manager = call.query('fieldManager');
        const options: PatchOptions = {
          ...writeOptionsOf(call),
          force: call.query('force') === 'true',
          ...(manager === undefined ? {} : { fieldManager: manager }),
        };
        const patched = api.patch(target, call.header('content-type') ?? '', call.request.body, options);
        return answer('patch object', target, patched);
      },
    });
  }
  api.standIn.operation({
    id: 'delete object',
    method: 'DELETE',
    path: single,
    handle: (call) => {
      const target = api.target(call, 'delete');
      return {
        status: 200,
        body: api.remove(target, call.request.body, isDryRun(call.query('dryRun')), (effect, object, apply) =>
          call.change(effect, object, apply),
        ),
      };
    },
  });
}

function listOrWatch(api: ApiServer, request: FastifyRequest, reply: FastifyReply): unknown {
  const asked = askedOf(request);
  const watch = asked.query('watch') === 'true' || asked.query('watch') === '1';
  const target = api.target(asked, watch ? 'watch' : 'list');
  const [labels, fields] = [asked.query('labelSelector'), asked.query('fieldSelector')];
  if (watch) {
    const fits = (object: KubeObject): boolean => api.selects(object, labels, fields);
    return streamChanges(api, target, asked.query('timeoutSeconds'), fits, reply);
  }
  const items = api.list(target, labels, fields);
  for (const item of items) api.check('list objects', target.resource, item);
  return reply.type('application/json').send(
    JSON.stringify({
      kind: `${target.resource.kind}List`,
      apiVersion: apiVersionOf(target.resource),
      metadata: { resourceVersion: api.store.currentVersion },
      items,
    }),
  );
}

/** One JSON line per change from now on, until the client goes or the time is over. */
function streamChanges(
  api: ApiServer,
  target: Target,
  timeoutSeconds: string | undefined,
  fits: (object: KubeObject) => boolean,
  reply: FastifyReply,
): unknown {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
  const stop = api.store.onChange((event: StoreEvent) => {
    const { key } = event;
    if (key.cluster !== target.cluster || key.resource !== target.resource) return;
    if (target.namespace !== '' && key.namespace !== target.namespace) return;
    if (!fits(event.object)) return;
    reply.raw.write(`${JSON.stringify({ type: event.type, object: event.object })}\n`);
  });
  const seconds = Number(timeoutSeconds ?? '300');
  const timer = setTimeout(() => reply.raw.end(), seconds * 1000);
  timer.unref();
  reply.raw.on('close', () => {
    clearTimeout(timer);
    stop();
  });
  reply.raw.flushHeaders();
  return reply;
}

/** Version, health, what kinds there are, and the question "may I?". */
export function addServerRoutes(api: ApiServer, clusters: ReadonlySet<string>): void {
  const base = '/clusters/:cluster';
  api.standIn.operation({
    id: 'version',
    method: 'GET',
    path: `${base}/version`,
    open: true,
    handle: () => ({
      status: 200,
      body: { major: '1', minor: '37', gitVersion: 'v1.37.1', platform: 'linux/amd64' },
    }),
  });
  for (const probe of ['readyz', 'livez', 'healthz']) {
    api.standIn.raw({
      id: probe,
      method: 'GET',
      path: `${base}/${probe}`,
      handle: (request, reply) => {
        const known = clusters.has(askedOf(request).param('cluster'));
        return reply
          .code(known ? 200 : 404)
          .type('text/plain')
          .send(known ? 'ok' : 'no such cluster');
      },
    });
  }
  const groups = [...new Set(RESOURCES.map((resource) => resource.group))].filter((group) => group !== '');
  api.standIn.operation({
    id: 'list groups',
    method: 'GET',
    path: `${base}/apis`,
    handle: (call) => {
      api.caller(call);
      return {
        status: 200,
        body: {
          kind: 'APIGroupList',
          apiVersion: 'v1',
          groups: groups.map((name) => {
            const version = RESOURCES.find((resource) => resource.group === name)?.version ?? 'v1';
            const preferredVersion = { groupVersion: `${name}/${version}`, version };
            return { name, versions: [preferredVersion], preferredVersion };
          }),
        },
      };
    },
  });
  for (const path of [`${base}/api/v1`, `${base}/apis/:group/:version`]) {
    api.standIn.operation({
      id: 'list kinds',
      method: 'GET',
      path,
      handle: (call) => {
        api.caller(call);
        const group = call.param('group');
        const resources = RESOURCES.filter((resource) => resource.group === group).map((resource) => ({
          name: resource.plural,
          singularName: resource.kind.toLowerCase(),
          kind: resource.kind,
          namespaced: resource.namespaced,
          verbs: VERBS,
        }));
        const groupVersion = group === '' ? 'v1' : `${group}/${call.param('version')}`;
        return { status: 200, body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources } };
      },
    });
  }
  api.standIn.operation({
    id: 'review own access',
    method: 'POST',
    path: `${base}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`,
    handle: (call) => {
      const account = api.caller(call);
      const attributes = call.body(ACCESS_REVIEW).spec.resourceAttributes ?? {};
      const verb = VERBS.find((one) => one === attributes.verb);
      const known = RESOURCES.some((resource) => resource.plural === attributes.resource);
      const allowed =
        verb !== undefined && known && api.may(account, verb, resourceOf(attributes.resource ?? ''));
      return {
        status: 201,
        body: {
          kind: 'SelfSubjectAccessReview',
          apiVersion: 'authorization.k8s.io/v1',
          metadata: {},
          spec: { resourceAttributes: attributes },
          status: { allowed },
        },
      };
    },
  });
}
