/**
 * `npm run demo`: the main job in the sandbox, with no accounts. Starts everything, onboards 25 clusters through both
 * gates, lets one cluster fail in an instructive way, retries it, and proves what happened; then promotes an application to
 * production, and takes the next release of it back.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { SECRET_NAMES } from '../../src/planning/integration.js';
import { ExampleApi } from '../stack/api-client.js';
import { exampleEvidence, fleetText } from '../stack/example-files.js';
import { type GatehouseStack, startGatehouse } from '../stack/gatehouse.js';
import { elapsed } from '../stack/progress.js';
import { DemoCommandLine } from './command-line.js';
import { ObjectCounter } from './objects-made.js';
import { ShopStory } from './shop.js';
import { heading, say } from './telling.js';
import { VaultAdmin } from './vault-admin.js';

const CLUSTERS = 25;
/** The cluster whose key vault holds a deleted secret of the same name. */
const UNLUCKY = 'harbour-09';
/** Longest wait for the machine to finish; the demo takes about a minute. */
const PATIENCE_MS = 240_000;

/** Who the reader is on the command line when the demo is over. */
const OPERATOR = 'olga';

/** `--keep`: go on running at the end, also where nobody is at a terminal. */
const keeps = process.argv.includes('--keep');
const interactive = process.stdin.isTTY && process.stdout.isTTY && process.env.CI === undefined;

async function main(): Promise<void> {
  const began = Date.now();
  heading('Gatehouse: a SaaS into 25 clusters, with the approvals that it needs');
  say(
    'Starting Temporal, Postgres, the stand-ins, the API and a worker. The first time, Temporal may be built.',
  );
  const stack = await startGatehouse({
    clusters: CLUSTERS,
    temporalUi: true,
    onStep: (step) => say(`  ${elapsed(Date.now() - began).padStart(5)}  ${step}`),
  });
  const stop = (): void => {
    void stack.dispose().finally(() => process.exit(130));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    await tell(stack, began);
  } finally {
    process.removeListener('SIGINT', stop);
    await stack.dispose();
  }
}

async function tell(stack: GatehouseStack, began: number): Promise<void> {
  const api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
  const commandLine = new DemoCommandLine(stack, api);
  const counter = new ObjectCounter(stack);
  const unlucky = stack.world.clusters.find((cluster) => cluster.name === UNLUCKY);
  if (unlucky === undefined) throw new Error(`the example world has no cluster ${UNLUCKY}`);
  const file = join(stack.folder, 'otterize.yaml');
  writeFileSync(file, fleetText(stack.world));
  const vaultAdmin = new VaultAdmin(stack);
  await vaultAdmin.leaveSoftDeleted(unlucky, SECRET_NAMES.clientSecret);
  const before = await counter.made();
  const writesBefore = await counter.writes();

  heading('1. Ada looks at what would happen, then asks');
  await command(commandLine, 'ada', ['plan', '-f', 'otterize.yaml'], 12);
  const asked = ['apply', '-f', 'otterize.yaml', '--for', 'ada@example.com', '--ticket', 'CHG0042'];
  const requestId = /req-[a-z0-9]+/.exec(await command(commandLine, 'ada', asked))?.[0] ?? '';
  await api.until(requestId, (status) => status.gates.every((gate) => gate.state === 'open'), PATIENCE_MS);
  await command(commandLine, 'ada', ['status', requestId]);

  heading('2. People decide: procurement and data protection');
  await decide(stack, api, commandLine, requestId);

  heading('3. The hour, automated');
  await watch(api, requestId);
  await command(commandLine, 'olga', ['status', requestId]);

  heading(
    `4. ${UNLUCKY} failed: a secret of that name is deleted, but not gone. Its owner recovers it, Olga retries`,
  );
  const beforeRecovery = await counter.made();
  await vaultAdmin.recover(unlucky, SECRET_NAMES.clientSecret);
  const recovered = differences(beforeRecovery, await counter.made());
  await command(commandLine, 'olga', ['retry', requestId, '--cluster', `${unlucky.name}/${unlucky.stage}`]);
  const done = await api.until(requestId, (status) => status.endedAt !== undefined, PATIENCE_MS);
  await command(commandLine, 'olga', ['status', requestId]);

  heading('5. What was made, and the proof');
  showMade(differences(before, await counter.made()), recovered);
  showTimes(done);
  await command(commandLine, 'ivo', ['evidence', requestId, '-o', 'evidence.json']);
  await command(commandLine, undefined, ['verify', 'evidence.json', '--keys', stack.installation.keyRing]);

  heading('6. The same again');
  const writes = await counter.writes();
  const again = await api.request(fleetText(stack.world));
  const second = await api.until(again, (status) => status.endedAt !== undefined, PATIENCE_MS);
  say(
    `  ${second.status}: ${second.message ?? ''}; ${(await counter.writes()) - writes} writes at any system`,
  );
  if (done.status !== 'done' || second.status !== 'done')
    throw new Error('the demo did not end as it should');
  say(`  (the first time: ${writes - writesBefore} writes)`);

  const shop = new ShopStory(
    stack,
    api,
    (person, args) => command(commandLine, person, args, 14),
    (requestId) => decide(stack, api, commandLine, requestId),
    PATIENCE_MS,
  );
  heading('7. A false green, avoided: Ada has pushed a release of the shop to dev a moment ago');
  const green = await shop.falseGreen();
  say(`  Argo CD says ${green.state}: a pipeline that waits for that is green now.`);
  say(`  But it speaks of ${green.revision.slice(0, 12)}, and ${green.pushed.slice(0, 12)} was pushed:`);
  if (green.state !== 'Synced and Healthy' || green.revision === green.pushed)
    throw new Error('there was no false green to show');
  await shop.waitForDev(green.pushed);
  heading('8. That release goes to production: its owner agrees, Gatehouse merges and proves it');
  const promoted = await shop.promote();
  heading('9. The next one does not come up: Olga takes it back, and the environment is held');
  const takenBack = await shop.takeBack();
  if (promoted.status !== 'done' || takenBack.status !== 'rolled-back')
    throw new Error('the promotions did not end as they should');

  heading(`Done in ${elapsed(Date.now() - began)}`);
  await showAddresses(stack, commandLine, requestId);
}

/** On a terminal a person may decide in the browser; else, or on Enter, the example people do by the same API. */
async function decide(
  stack: GatehouseStack,
  api: ExampleApi,
  commandLine: DemoCommandLine,
  requestId: string,
): Promise<void> {
  const gates = (await api.status(requestId)).gates.map(({ gate }) => gate);
  if (interactive) {
    say(`  Decide yourself: open ${stack.apiUrl}/r/${requestId}`);
    say(`  and sign in as ${gates.map((gate) => `"${personAt(gate)}" (${gate})`).join(' or ')};`);
    say('  or press Enter and they decide.');
    if (await decidedBeforeEnter(api, requestId)) return;
  }
  const open = (await api.status(requestId)).gates.filter((gate) => gate.state === 'open');
  for (const { gate } of open) {
    const wanted = gate === 'owner' ? {} : exampleEvidence(gate, CLUSTERS);
    const evidence = Object.entries(wanted).flatMap(([name, value]) => ['--evidence', `${name}=${value}`]);
    await command(
      commandLine,
      personAt(gate),
      ['approve', requestId, '--gate', gate, ...evidence, '--yes'],
      6,
    );
  }
}

/** Who of the example people decides at a gate. */
function personAt(gate: string): string {
  return gate === 'data-protection' ? 'chi' : 'ben';
}

async function decidedBeforeEnter(api: ExampleApi, requestId: string): Promise<boolean> {
  const input = createInterface({ input: process.stdin, output: process.stdout });
  const enter = input.question('').then(() => 'enter' as const);
  const decided = api
    .until(requestId, (status) => status.gates.every((gate) => gate.state !== 'open'), 24 * 3_600_000)
    .then(() => 'decided' as const);
  const first = await Promise.race([enter, decided]);
  input.close();
  return first === 'decided';
}

/** One line whenever the picture changes, until nothing moves any more. */
async function watch(api: ExampleApi, requestId: string): Promise<void> {
  let shown = '';
  const line = (status: RequestStatus): string => {
    const counts = new Map<string, number>();
    for (const { state } of status.targets) counts.set(state, (counts.get(state) ?? 0) + 1);
    return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  };
  await api.until(
    requestId,
    (status) => {
      const now = line(status);
      if (now !== shown) say(`  ${now}`);
      shown = now;
      return status.endedAt !== undefined || status.status === 'attention';
    },
    PATIENCE_MS,
  );
}

async function command(
  commandLine: DemoCommandLine,
  person: string | undefined,
  args: readonly string[],
  lines = Number.POSITIVE_INFINITY,
): Promise<string> {
  say(`$ gatehouse ${args.map((arg) => (arg.includes(' ') ? `"${arg}"` : arg)).join(' ')}`);
  const { output, code } = await commandLine.run(person, args);
  const all = output.trimEnd().split('\n');
  const shown =
    all.length <= lines
      ? all
      : [...all.slice(0, lines - 3), `… ${all.length - lines + 1} more`, ...all.slice(-2)];
  for (const text of shown) say(`  ${text}`);
  // status ends with 1 when a cluster has failed, which is what the demo is about
  if (code === 1 && args[0] !== 'status') throw new Error(`gatehouse ${args[0] ?? ''} ended with an error`);
  return output;
}

/** What the reader has heard of, in the order in which it is made; stand-ins log further kinds. */
const KINDS = ['organization', 'environment', 'integration', 'invite', 'secret', 'commit', 'mail'];

function differences(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map([...after].map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)]));
}

/** @param byHand what the owner of the vault did meanwhile: no work of Gatehouse */
function showMade(made: ReadonlyMap<string, number>, byHand: ReadonlyMap<string, number>): void {
  for (const kind of KINDS) {
    const others = byHand.get(kind) ?? 0;
    say(
      `  ${String((made.get(kind) ?? 0) - others).padStart(4)}  ${kind}s${others === 0 ? '' : ` (and ${others} that its owner recovered)`}`,
    );
  }
}

function showTimes({ times }: RequestStatus): void {
  say('');
  say(`  waited for people ${elapsed(times.waitedMs)}, worked ${elapsed(times.workedMs)}`);
  for (const stage of times.stages) {
    say(`    ${stage.kind.padEnd(8)} ${elapsed(stage.ms).padStart(6)}  ${stage.stage}`);
  }
}

async function showAddresses(
  stack: GatehouseStack,
  commandLine: DemoCommandLine,
  requestId: string,
): Promise<void> {
  say(`  the request      ${stack.apiUrl}/r/${requestId}   (sign in as ben, chi, ada, olga or ivo)`);
  say(`  the API          ${stack.apiUrl}/docs`);
  if (stack.temporal.uiUrl !== undefined) say(`  the Temporal UI  ${stack.temporal.uiUrl}`);
  if (!interactive && !keeps) {
    say('');
    say('Nobody is at a terminal, so it ends here. To go on using it: npm run demo -- --keep');
    return;
  }
  say(
    `  the command line . ${await commandLine.settingsFor(OPERATOR)} && npx gatehouse status   (in another terminal, here)`,
  );
  say(`                   You are ${OPERATOR}, an operator; "npx gatehouse login" makes you somebody else.`);
  if (interactive) {
    const input = createInterface({ input: process.stdin, output: process.stdout });
    await input.question('\nEverything is still running. Press Enter to end it and remove all of it. ');
    input.close();
    return;
  }
  say('\nEverything is still running. Ctrl-C ends it and removes all of it.');
  // until the signal ends the process
  await new Promise<never>(() => undefined);
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
