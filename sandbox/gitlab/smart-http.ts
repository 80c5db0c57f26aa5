import { spawn } from 'node:child_process';
import { createGunzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../framework/refusal.js';
import { gitEnvironment } from './git-process.js';
import type { Gitlab } from './gitlab.js';
import { afterPush } from './pushes.js';
import { type Account, LEVEL, type Project } from './state.js';

/** beside the two settings of every git process */
const DENY_FORCE = {
  GIT_CONFIG_COUNT: '3',
  GIT_CONFIG_KEY_2: 'receive.denyNonFastForwards',
  GIT_CONFIG_VALUE_2: 'true',
};
const REALM = { 'www-authenticate': 'Basic realm="GitLab"' };

/** Clone, fetch and push over HTTP. Each request is one `git http-backend` process, as behind a real web server. */
export function addSmartHttp(gitlab: Gitlab): void {
  gitlab.standIn.app.addContentTypeParser(/^application\/x-git-/, (_request, payload, done) =>
    done(null, payload),
  );
  for (const [method, id] of [
    ['GET', 'git fetch'],
    ['POST', 'git push or fetch'],
  ] as const) {
    gitlab.standIn.raw({
      id,
      method,
      path: '/*',
      handle: (request, reply) => serve(gitlab, serviceOf(request), request, reply),
    });
  }
}

type Service = 'upload' | 'receive' | 'refs';

/** Which of the three requests of the smart protocol it is. Throws GitLab's 404 for anything else. */
function serviceOf(request: FastifyRequest): Service {
  const path = request.url.split('?')[0] ?? '';
  const end = /^\/[\w.-]+(?:\/[\w.-]+)+\.git\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(path)?.[1];
  if (end === 'info/refs' && request.method === 'GET') return 'refs';
  if (end === 'git-upload-pack' && request.method === 'POST') return 'upload';
  if (end === 'git-receive-pack' && request.method === 'POST') return 'receive';
  throw new Refusal(404, '404 Not Found');
}

/** Basic credentials: any user name with a token as the password. */
function accountOf(gitlab: Gitlab, request: FastifyRequest): Account {
  const encoded = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [, ...password] = Buffer.from(encoded, 'base64').toString().split(':');
  const account = gitlab.accountOfToken(password.join(':'));
  if (account === undefined) {
    throw new Refusal(401, 'HTTP Basic: Access denied', { headers: REALM });
  }
  return account;
}

function projectOf(gitlab: Gitlab, request: FastifyRequest, account: Account): Project {
  const path = decodeURIComponent(request.url.slice(1, request.url.indexOf('.git/')));
  const project = gitlab.state.projects.find((one) => one.path === path);
  if (project === undefined || gitlab.levelOf(project, account) < LEVEL.reporter) {
    throw new Refusal(
      404,
      "The project you were looking for could not be found or you don't have permission to view it.",
    );
  }
  return project;
}

async function serve(
  gitlab: Gitlab,
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const account = accountOf(gitlab, request);
  const project = projectOf(gitlab, request, account);
  const url = new URL(request.url, 'http://gitlab.invalid');
  const pushing = service === 'receive' || url.searchParams.get('service') === 'git-receive-pack';
  if (pushing && (account.scope !== 'api' || gitlab.levelOf(project, account) < LEVEL.developer)) {
    throw new Refusal(403, 'You are not allowed to push code to this project.');
  }
  const body = request.method === 'POST' ? await bodyOf(request) : null;
  if (service !== 'receive' || body === null)
    return send(reply, await answerOfBackend(gitlab, account, request, { url, body }));
  const asked = commandsOf(body);
  for (const { branch, to } of asked) {
    const isProtected = gitlab.isProtected(project, branch);
    if (!gitlab.canPush(project, account, branch) || (isProtected && to === null)) {
      throw new Refusal(403, 'You are not allowed to push code to protected branches on this project.');
    }
  }
  const denyForce = asked.some(({ branch }) =>
    gitlab.rulesOf(project, branch).some((rule) => !rule.allowForcePush),
  );
  return gitlab.writing(project, async () => {
    const repository = gitlab.repositoryOf(project);
    const heads = () => Promise.all(asked.map(({ branch }) => repository.branchHead(branch)));
    const before = await heads();
    const answer = await answerOfBackend(gitlab, account, request, { url, body, denyForce });
    const after = await heads();
    const moved = asked
      .map(({ branch }, index) => ({ branch, from: before[index] ?? null, to: after[index] ?? null }))
      .filter(({ from, to }) => from !== to);
    for (const { branch, to } of moved) {
      const object = `${to === null ? 'branch' : 'commit'} ${project.path} ${branch}${to === null ? '' : ` ${to}`}`;
      await gitlab.standIn.act(to === null ? 'deleted' : 'created', object, () => undefined);
    }
    if (moved.length > 0) await afterPush(gitlab, project, account, moved);
    // only now: who pushed can see what became of it
    return send(reply, answer);
  });
}

/** The whole body, unpacked. */
async function bodyOf(request: FastifyRequest): Promise<Buffer> {
  const packed = request.headers['content-encoding'] === 'gzip';
  const chunks: Buffer[] = [];
  for await (const chunk of packed ? request.raw.pipe(createGunzip()) : request.raw) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The branches that a push asks to move: lines `<old> <new> <ref>`, each with its length before it, up to `0000`. */
function commandsOf(body: Buffer): readonly { readonly branch: string; readonly to: string | null }[] {
  const commands: { branch: string; to: string | null }[] = [];
  for (let at = 0; at + 4 <= body.length; ) {
    const length = Number.parseInt(body.subarray(at, at + 4).toString(), 16);
    if (!(length > 4)) break;
    const [line = ''] = body
      .subarray(at + 4, at + length)
      .toString()
      .split('\0');
    const [, to, branch] = /^[0-9a-f]{40} ([0-9a-f]{40}) refs\/heads\/(.+?)\n?$/.exec(line) ?? [];
    if (to !== undefined && branch !== undefined) {
      commands.push({ branch, to: /^0+$/.test(to) ? null : to });
    }
    at += length;
  }
  return commands;
}

interface BackendAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

function send(reply: FastifyReply, answer: BackendAnswer): unknown {
  return reply
    .code(answer.status)
    .headers({ ...answer.headers })
    .send(answer.payload);
}

/** Runs the CGI and gives what it answers. */
async function answerOfBackend(
  gitlab: Gitlab,
  account: Account,
  request: FastifyRequest,
  asked: { readonly url: URL; readonly body: Buffer | null; readonly denyForce?: boolean },
): Promise<BackendAnswer> {
  const { url, body } = asked;
  const header = (name: string): string => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : '';
  };
  const cgi = spawn('git', ['http-backend'], {
    env: gitEnvironment({
      GIT_PROJECT_ROOT: gitlab.repositoriesRoot,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header('content-type'),
      REMOTE_USER: account.username,
      REMOTE_ADDR: request.ip,
      GIT_PROTOCOL: header('git-protocol'),
      ...(asked.denyForce === true ? DENY_FORCE : {}),
    }),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // the backend may answer before it has read everything
  cgi.stdin.on('error', () => undefined);
  cgi.stdin.end(body ?? '');
  const chunks: Buffer[] = [];
  for await (const chunk of cgi.stdout) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  const end = whole.indexOf('\r\n\r\n');
  if (end < 0) throw new Refusal(500, 'git http-backend gave no answer');
  let status = 200;
  const headers: Record<string, string> = {};
  for (const line of whole.subarray(0, end).toString().split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    if (name === 'status') status = Number.parseInt(value, 10);
    else headers[name] = value;
  }
  return { status, headers, payload: whole.subarray(end + 4) };
}
