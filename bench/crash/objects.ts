/** Reads what is there at every system, objects and not calls. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Type, { type Static } from 'typebox';
import { KeyVaultState } from '../../sandbox/key-vault/state.js';
import { OtterizeState } from '../../sandbox/otterize/state.js';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import { TicketsState } from '../../sandbox/tickets/state.js';
import { verifyChain } from '../../src/ledger/chain.js';
import type { ChainReader, StoredEntry } from '../../src/ledger/ports.js';
import type { CrashStack } from './crash-stack.js';

const run = promisify(execFile);
const PROJECT = 'platform/clusters';
const PAGE = 1000;
const GIT_OUTPUT = 64 * 1024 * 1024;

const MailState = Type.Object({
  mails: Type.Array(Type.Object({ headers: Type.Record(Type.String(), Type.String()) })),
});

export interface Commit {
  readonly id: string;
  readonly message: string;
  readonly files: readonly string[];
}

export interface Objects {
  readonly otterize: Static<typeof OtterizeState>;
  readonly vaults: Static<typeof KeyVaultState>['vaults'];
  /** commits of the branch `main` after the first, and texts of its files */
  readonly commits: readonly Commit[];
  readonly files: ReadonlyMap<string, string>;
  readonly branches: readonly string[];
  readonly deliveries: Static<typeof TicketsState>['deliveries'];
  /** Message-IDs, oldest first, with repeats */
  readonly mails: readonly string[];
  /** whole ledger, oldest first */
  readonly entries: readonly StoredEntry[];
  readonly chainFaults: readonly string[];
  /** objects that somebody made at the Kubernetes APIs by a call */
  readonly kubernetesCreated: readonly string[];
}

export async function readObjects(crash: CrashStack): Promise<Objects> {
  const { stack } = crash;
  const entries = await wholeLedger(crash.ledger);
  const mails = (await crash.control('mail').objects(MailState)).mails;
  const kubernetes = await crash.control('kubernetes').events();
  return {
    otterize: await crash.control('otterize').objects(OtterizeState),
    vaults: (await crash.control('key-vault').objects(KeyVaultState)).vaults,
    ...(await repositoryOf(stack)),
    deliveries: (await crash.control('tickets').objects(TicketsState)).deliveries,
    mails: mails.map((mail) => mail.headers['message-id'] ?? ''),
    entries,
    chainFaults: verifyChain(entries, []).map((fault) => fault.message),
    kubernetesCreated: kubernetes
      .filter((event) => event.effect === 'created' && event.caller !== undefined)
      .map((event) => event.object ?? ''),
  };
}

export async function wholeLedger(ledger: ChainReader): Promise<readonly StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for (;;) {
    const page = await ledger.storedEntriesAfter(entries.at(-1)?.seq ?? 0, PAGE);
    if (page.length === 0) return entries;
    entries.push(...page);
  }
}

/** Git itself is asked, not the stand-in's API. */
async function repositoryOf(stack: GatehouseStack): Promise<Pick<Objects, 'commits' | 'files' | 'branches'>> {
  const folder = join(stack.folder, 'stand-ins', 'gitlab', 'repositories', `${PROJECT}.git`);
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', ['-C', folder, '-c', 'core.quotePath=false', ...args], { maxBuffer: GIT_OUTPUT }))
      .stdout;
  const log = await git('log', '--reverse', '--name-only', '--format=%x01%H%x02%B%x02', 'main');
  const commits = log
    .split('\x01')
    .slice(1)
    .map((block): Commit => {
      const [id = '', message = '', files = ''] = block.split('\x02');
      return { id, message, files: files.split('\n').filter((file) => file !== '') };
    });
  const paths = (await git('ls-tree', '-r', '--name-only', 'main')).split('\n').filter((path) => path !== '');
  const files = new Map<string, string>();
  for (const path of paths.filter((name) => name.endsWith('/otterize.yaml'))) {
    files.set(path, await git('show', `main:${path}`));
  }
  const branches = (await git('for-each-ref', '--format=%(refname)')).split('\n').filter((ref) => ref !== '');
  return { commits: commits.slice(1), files, branches };
}
