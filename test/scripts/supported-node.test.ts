/** Which Node our commands run on, also where the machine's own is older. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { ROOT } from '../../scripts/run-part.js';

const RULE = join(ROOT, 'bin/supported-node.js');
const START = join(ROOT, 'scripts/start.js');
const PackageFile = Type.Object({
  engines: Type.Object({ node: Type.String() }),
  optionalDependencies: Type.Record(Type.String(), Type.String()),
});
const Lock = Type.Object({
  packages: Type.Record(
    Type.String(),
    Type.Object({
      version: Type.Optional(Type.String()),
      os: Type.Optional(Type.Unknown()),
      cpu: Type.Optional(Type.Unknown()),
    }),
  ),
});
const about = Value.Parse(PackageFile, JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
const { packages } = Value.Parse(Lock, JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));

/** What an expression over `supported-node.js` gives, in a process of its own: the file is JavaScript for old Nodes. */
async function ask(expression: string): Promise<unknown> {
  const code = `import(${JSON.stringify(RULE)}).then((rule) => console.log(JSON.stringify(${expression})))`;
  return JSON.parse(await runCommand(process.execPath, ['-e', code]));
}

let folder: TemporaryFolder;
let program: string;
beforeAll(async () => {
  folder = await temporaryFolder('supported-node');
  program = join(folder.path, 'program.ts');
  writeFileSync(
    program,
    `const said: string = process.versions.node;
     process.stdout.write(JSON.stringify([said, ...process.argv.slice(2)]));
     if (process.argv.includes('fail')) process.exitCode = 3;`,
  );
});
afterAll(() => folder.remove());

it('is the one that package.json asks for', async () => {
  expect(about.engines.node).toBe('^22.19.0 || >=24');
  const versions = ['20.20.2', '22.18.0', '22.19.0', '22.23.5', '23.11.0', '24.0.0', '24.22.3', '26.1.0'];
  expect(await ask(`${JSON.stringify(versions)}.filter(rule.isSupported)`)).toEqual([
    '22.19.0',
    '22.23.5',
    '24.0.0',
    '24.22.3',
    '26.1.0',
  ]);
});

it('comes with npm for each platform that is named, in a version that is supported', async () => {
  const named = Value.Parse(Type.Record(Type.String(), Type.String()), await ask('rule.PACKAGED'));
  expect(Object.values(named).toSorted()).toEqual(Object.keys(about.optionalDependencies).toSorted());
  for (const [platform, name] of Object.entries(named)) {
    const { os, cpu, version } = packages[`node_modules/${name}`] ?? {};
    expect(`${String(os)}-${String(cpu)}`).toBe(platform);
    expect(about.optionalDependencies[name]).toBe(version);
    expect(await ask(`rule.isSupported(${JSON.stringify(version)})`), name).toBe(true);
  }
});

it('runs the scripts of npm and what npx starts, whatever Node is first on the PATH', async (context) => {
  const version = packagedVersion(context);
  const env = { ...process.env, PATH: withoutPackages() };
  expect(
    (await runCommand('npm', ['exec', '-c', 'node -p process.versions.node'], { cwd: ROOT, env })).trim(),
  ).toBe(version);
});

describe('on an older Node', () => {
  it('a command goes on, on the one that npm brought, with its arguments', async (context) => {
    const version = packagedVersion(context);
    const said = await runCommand(await olderNode(context), [START, program, 'one', '--two']);
    expect(JSON.parse(said)).toEqual([version, 'one', '--two']);
  });

  it('a command ends as it would have ended by itself', async (context) => {
    packagedVersion(context);
    const ended = runCommand(await olderNode(context), [START, program, 'fail']);
    await expect(ended).rejects.toThrow('ended with code 3');
  });
});

/** The version that npm brought for this machine. */
function packagedVersion(context: TestContext): string {
  const name = Object.keys(about.optionalDependencies).find((one) =>
    existsSync(join(ROOT, 'node_modules', one)),
  );
  if (name === undefined) return context.skip('npm brought no Node for this platform');
  return about.optionalDependencies[name] ?? '';
}

function withoutPackages(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.filter((path) => !path.includes('node_modules')).join(delimiter);
}

/** The machine's own Node, if it is older than what we support. */
async function olderNode(context: TestContext): Promise<string> {
  for (const path of withoutPackages().split(delimiter)) {
    const node = join(path, 'node');
    if (!existsSync(node)) continue;
    const version = (await runCommand(node, ['-p', 'process.versions.node'])).trim();
    if ((await ask(`rule.isSupported(${JSON.stringify(version)})`)) === false) return node;
  }
  return context.skip('the Node of this machine is new enough');
}
