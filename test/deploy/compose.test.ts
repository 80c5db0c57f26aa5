import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { HELM, KUSTOMIZE } from '../../sandbox/real/go-programs.js';
import { ROOT } from '../../scripts/run-part.js';
import { ENTRIES } from '../../src/build/entries.js';
import { SETTINGS, type Setting } from '../../src/config/settings.js';
import { QUEUES } from '../../src/domain/task-queues.js';
import { COMPOSE, COMPOSE_TEXT, OURS } from './compose-file.js';

const TEMPORAL_VARIABLES = ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE'];

const validate = () => {
  const { $schema: _, ...schema } = JSON.parse(
    readFileSync(join(ROOT, 'third_party/specs/compose/compose-spec.json'), 'utf8'),
  );
  return new Ajv({ strict: false, validateFormats: false }).compile(schema);
};
const settings: readonly Setting[] = SETTINGS;
/** Which of our processes a service is, as the table of settings and the build call them. */
const processOf = (command: readonly string[] | undefined): keyof typeof ENTRIES | 'cli' => {
  if (command?.[0] === 'gatehouse') return 'cli';
  const name = /^dist\/(.+)\.mjs$/.exec(command?.at(-1) ?? '')?.[1];
  const found = (['api', 'worker', 'migrate', 'namespace'] as const).find((one) => one === name);
  if (found === undefined) throw new Error(`the build makes no ${command?.at(-1)}`);
  return found;
};

test('the file is valid by the Compose schema, and the schema notices a fault', () => {
  const check = validate();
  check(parse(COMPOSE_TEXT, { merge: true }));
  expect(check.errors).toBeNull();
  expect(
    check(parse(COMPOSE_TEXT.replace('restart: unless-stopped', 'restarts: often'), { merge: true })),
  ).toBe(false);
});

test('every image is pinned, ours apart', () => {
  for (const [name, { image, build }] of Object.entries(COMPOSE.services)) {
    if (build === undefined) expect(image, name).toMatch(/^[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    else expect(image, name).toBe(COMPOSE.services.api?.image);
  }
});

test.each(OURS)('the command of %s exists, and so does what its health check asks for', (_name, service) => {
  const name = processOf(service.command);
  if (name === 'cli') {
    const word = service.command?.[1] ?? '';
    expect(readFileSync(join(ROOT, 'src/cli/program.ts'), 'utf8')).toContain(`.command('${word}')`);
    return;
  }
  const entry = ENTRIES[name];
  expect(service.command).toEqual(['node', '--enable-source-maps', `dist/${name}.mjs`]);
  expect(existsSync(join(ROOT, entry)), entry).toBe(true);
  if (service.healthcheck === undefined) return;
  const [, , script, url] = service.healthcheck.test;
  expect(existsSync(join(ROOT, script ?? '')), script).toBe(true);
  const { port, pathname } = new URL(url ?? '');
  const listen = service.environment?.GATEHOUSE_LISTEN ?? service.environment?.GATEHOUSE_METRICS_LISTEN ?? '';
  expect(listen).toMatch(new RegExp(`:${port}$`));
  const folder = entry.slice(0, entry.lastIndexOf('/'));
  // The worker's metrics are served by the SDK, under this path, once it is told an address.
  const proof = pathname === '/metrics' ? 'prometheus: { bindAddress' : `'${pathname}'`;
  expect(sourceOf(folder).includes(proof), `${proof} in ${folder}`).toBe(true);
});

test.each(OURS)(
  '%s gets the settings that its process knows, all that it needs, and secrets by file only',
  (_name, service) => {
    const own = processOf(service.command);
    const given = Object.keys(service.environment ?? {}).filter((name) => !TEMPORAL_VARIABLES.includes(name));
    for (const variable of given) {
      const known = settings.find(({ name, secret }) => variable === (secret ? `${name}_FILE` : name));
      expect(known, `${variable} in the table of settings`).toBeDefined();
      expect(known?.usedBy).toContain(own);
    }
    for (const { name, usedBy, secret, default: byDefault } of settings) {
      // a command of the command line needs its own few settings only
      if (own === 'cli') break;
      if (byDefault !== undefined || !usedBy.some((process) => process === own)) continue;
      expect(given).toContain(secret ? `${name}_FILE` : name);
    }
    const usesTemporal = own !== 'migrate';
    for (const variable of TEMPORAL_VARIABLES) {
      expect(service.environment?.[variable] !== undefined, variable).toBe(usesTemporal);
    }
  },
);

test('the step that moves the current version comes after every worker, and has their build', () => {
  const step = COMPOSE.services['current-version'];
  const workers = OURS.filter(([name]) => name.startsWith('worker-'));
  expect(step?.command).toEqual(['gatehouse', 'set-current-version']);
  expect(Object.keys(step?.depends_on ?? {})).toEqual(workers.map(([name]) => name));
  for (const [name, { environment }] of workers) {
    expect(environment?.GATEHOUSE_BUILD_ID, name).toBe(step?.environment?.GATEHOUSE_BUILD_ID);
  }
  // `up --wait` fails over a container that has ended, unless something waits for that end
  const waits = Object.values(COMPOSE.services).flatMap(
    (service) => service.depends_on?.['current-version'] ?? [],
  );
  expect(waits).toContainEqual({ condition: 'service_completed_successfully' });
});

test('the workers together serve every queue', () => {
  const served = OURS.flatMap(([, { environment }]) => environment?.GATEHOUSE_QUEUES?.split(',') ?? []);
  expect(served.toSorted()).toEqual(QUEUES.toSorted());
});

test('what a service refers to exists: services, secrets and the scripts that make them, files', () => {
  const makeSecrets = readFileSync(join(ROOT, 'deploy/make-secrets.sh'), 'utf8');
  for (const [name, { file }] of Object.entries(COMPOSE.secrets)) {
    expect(makeSecrets, name).toContain(`keep ${file.replace('./deploy/secrets/', '')} `);
  }
  for (const [name, service] of Object.entries(COMPOSE.services)) {
    for (const other of Object.keys(service.depends_on ?? {}))
      expect(COMPOSE.services, name).toHaveProperty(other);
    for (const secret of service.secrets ?? []) expect(COMPOSE.secrets, name).toHaveProperty(secret);
    for (const variable of Object.values(service.environment ?? {})) {
      const secret = /^\/run\/secrets\/(.+)$/.exec(variable)?.[1];
      if (secret !== undefined) expect(service.secrets, name).toContain(secret);
    }
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      const madeByUser = /^\.\/deploy\/(secrets|installation)(\/|$)/.test(source);
      if (source.startsWith('./') && !madeByUser) expect(existsSync(join(ROOT, source)), source).toBe(true);
    }
  }
});

test('no password has a default, and nothing listens beyond this machine', () => {
  const defaults = [...COMPOSE_TEXT.matchAll(/\$\{(\w+):-([^}]*)\}/g)].map(([, name, value]) => [
    name,
    value,
  ]);
  expect(defaults).toEqual([
    ['GATEHOUSE_IMAGE', 'gatehouse:local'],
    ['TEMPORAL_UI_CLIENT_ID', 'temporal-ui'],
    ['TEMPORAL_UI_SCOPES', 'openid,profile,email,groups'],
  ]);
  for (const service of Object.values(COMPOSE.services)) {
    for (const [name, value] of Object.entries(service.environment ?? {})) {
      if (/PASSWORD|PWD|SECRET|TOKEN$/.test(name) && value !== 'true')
        expect(value, name).toMatch(/^\/run\/secrets\//);
    }
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
  expect(COMPOSE.services.temporal?.ports).toBeUndefined();
});

test("the API and the workers do not see each other's secrets", () => {
  const seen = (part: string) =>
    OURS.filter(([name]) => name.startsWith(part)).flatMap(([, s]) => [
      ...(s.secrets ?? []),
      ...(s.volumes ?? []),
    ]);
  expect(seen('api').filter((item) => item.includes('worker'))).toEqual([]);
  expect(seen('worker').filter((item) => item.includes('api'))).toEqual([]);
});

test('the image is built from what is there, without root, and starts by the entry point that reads the secrets', () => {
  const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n');
  for (const line of lines.filter((l) => l.startsWith('COPY ') && !l.includes('--from'))) {
    for (const source of line.split(' ').slice(1, -1))
      expect(existsSync(join(ROOT, source)), source).toBe(true);
  }
  for (const line of lines.filter((l) => l.startsWith('ENV GATEHOUSE_'))) {
    expect(settings.map(({ name }) => `ENV ${name}`)).toContain(line.split('=')[0]);
  }
  expect(lines).toContain('RUN node --import tsx src/build/build-main.ts dist');
  expect(lines).toContain('CMD ["node", "--enable-source-maps", "dist/api.mjs"]');
  expect(lines).toContain('USER 1000:1000');
  expect(lines).toContain('ENTRYPOINT ["/app/deploy/entrypoint.sh"]');
  expect(lines).toContain('RUN ln -s /app/deploy/gatehouse.sh /usr/local/bin/gatehouse');
});

test.each([KUSTOMIZE, HELM])(
  'the image has $name, built from the pinned modules that the tests use, where the example installation looks',
  ({ name, recipe, packagePath }) => {
    const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
    expect(dockerfile).toContain(`COPY third_party/builds/${recipe} /builds/${recipe}\n`);
    expect(dockerfile).toContain(`-o /usr/local/bin/${name} ${packagePath}\n`);
    expect(dockerfile).toMatch(new RegExp(`^COPY --from=renderers .*/usr/local/bin/${name} `, 'm'));
    const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    expect(ignored.lastIndexOf(`!third_party/builds/${recipe}`)).toBeGreaterThan(
      ignored.indexOf('third_party/builds/*'),
    );
    expect(readFileSync(join(ROOT, 'docs/installation.md'), 'utf8')).toContain(
      `program: /usr/local/bin/${name}\n`,
    );
  },
);

function sourceOf(folder: string): string {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(ROOT, folder, file), 'utf8'))
    .join('\n');
}
