/**
 * Verifies an evidence bundle offline: no database, no Temporal, no network. What may be believed comes from outside the
 * bundle: public keys (`SignatureVerifier`) and checkpoints that others witnessed.
 */
import { entriesOfType } from '../domain/record.js';
import { type Bundle, parseBundle } from './bundle.js';
import { chainOfBundle } from './bundle-chain.js';
import { type BundleCheck, failed, type OpenedBundle, type VerificationTools } from './bundle-check.js';
import { checkCheckpoint, checkWitnesses } from './checkpoint-checks.js';
import { checkDecisions, checkPlans, checkPolicy, checkRequest } from './document-checks.js';
import { LedgerCorrupt } from './errors.js';
import { recordOf } from './record.js';
import { checkEffects, checkEnding, checkGates } from './record-checks.js';
import { parseEntry } from './stored-entry.js';

/**
 * Runs all checks.
 * @param text content of the bundle file
 * @returns one line per check; the bundle is evidence only when every one is ok
 */
export async function verifyBundle(text: string, tools: VerificationTools): Promise<readonly BundleCheck[]> {
  const bundle = parseBundle(text);
  if (typeof bundle === 'string') return [failed('form', [bundle])];
  const chain = chainOfBundle(bundle);
  const record = readRecord(bundle);
  if (typeof record === 'string') return [failed('form', [record]), chain.check];
  const opened: OpenedBundle = { bundle, tools, hashes: chain.hashes, ...record };
  const { votes, check: decisions } = await checkDecisions(opened);
  return [
    { check: 'form', ok: true, detail: `${bundle.entries.length} entries of ${bundle.requestId}` },
    chain.check,
    await checkCheckpoint(opened),
    ...(await checkWitnesses(opened)),
    await checkRequest(opened),
    checkPolicy(opened),
    checkPlans(opened),
    decisions,
    checkGates(opened, votes),
    checkEffects(opened, votes),
    checkEnding(opened),
  ];
}

function readRecord(bundle: Bundle): Pick<OpenedBundle, 'record' | 'revocations'> | string {
  try {
    const entries = bundle.entries.map(parseEntry);
    const strangers = entries.filter(
      (entry) => entry.requestId !== bundle.requestId && entry.type !== 'key.revoked',
    );
    if (strangers.length > 0) return 'the bundle mixes entries of several requests';
    const record = recordOf(entries.filter((entry) => entry.requestId === bundle.requestId));
    if (record === null) return 'the bundle holds no accepted request with its policy';
    return { record, revocations: entriesOfType(entries, 'key.revoked') };
  } catch (error) {
    if (error instanceof LedgerCorrupt) return error.message;
    throw error;
  }
}
