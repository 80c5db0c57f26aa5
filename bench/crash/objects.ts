/** Reads what is there at every system, objects and not calls. */
import Type, { type Static } from 'typebox';
import { KeyVaultState } from '../../sandbox/key-vault/state.js';
import { OtterizeState } from '../../sandbox/otterize/state.js';
import { TicketsState } from '../../sandbox/tickets/state.js';
import { verifyChain } from '../../src/ledger/chain.js';
import type { ChainReader, StoredEntry } from '../../src/ledger/ports.js';
import { branchesOf, type Commit, commitsOf, filesOf } from '../repositories/git-content.js';
import type { CrashStack } from './crash-stack.js';

const PROJECT = 'platform/clusters';
const PAGE = 1000;

const MailState = Type.Object({
  mails: Type.Array(Type.Object({ headers: Type.Record(Type.String(), Type.String()) })),
});

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
    // without the first one, which made the example
    commits: (await commitsOf(stack, PROJECT)).slice(1),
    files: await filesOf(stack, PROJECT, (path) => path.endsWith('/otterize.yaml')),
    branches: await branchesOf(stack, PROJECT),
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
