import { spawn } from 'node:child_process';
import { createGunzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../framework/refusal.js';
import { gitEnvironment } from './git-process.js';
import type { Gitlab } from './gitlab.js';
import { type Account, LEVEL, type Project } from './state.js';

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
  if (pushing && (account.scope !== 'api' || !gitlab.canPush(project, account, project.defaultBranch))) {
    throw new Refusal(403, 'You are not allowed to push code to this project.');
  }
  if (service !== 'receive') return answerOfBackend(gitlab, account, request, reply, url);
  return gitlab.writing(project, async () => {
    const repository = gitlab.repositoryOf(project);
    const before = new Map((await repository.branches()).map((branch) => [branch.name, branch.head]));
    const sent = await answerOfBackend(gitlab, account, request, reply, url);
    for (const branch of await repository.branches()) {
      if (before.get(branch.name) === branch.head) continue;
      await gitlab.standIn.act(
        'created',
        `commit ${project.path} ${branch.name} ${branch.head}`,
        () => undefined,
      );
    }
    return sent;
  });
}

/** Runs the CGI and sends what it answers. */
async function answerOfBackend(
  gitlab: Gitlab,
  account: Account,
  request: FastifyRequest,
  reply: FastifyReply,
  url: URL,
): Promise<unknown> {
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
    }),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // the backend may answer before it has read everything
  cgi.stdin.on('error', () => undefined);
  if (request.method === 'POST') {
    const gzip = header('content-encoding') === 'gzip';
    (gzip ? request.raw.pipe(createGunzip()) : request.raw).pipe(cgi.stdin);
  } else cgi.stdin.end();
  const chunks: Buffer[] = [];
  for await (const chunk of cgi.stdout) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  const end = whole.indexOf('\r\n\r\n');
  if (end < 0) throw new Refusal(500, 'git http-backend gave no answer');
  let status = 200;
  for (const line of whole.subarray(0, end).toString().split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    if (name === 'status') status = Number.parseInt(value, 10);
    else reply.header(name, value);
  }
  return reply.code(status).send(whole.subarray(end + 4));
}
