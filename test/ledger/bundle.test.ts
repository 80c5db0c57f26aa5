import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, makeBundle } from '../../src/ledger/bundle.js';
import type { VerificationTools } from '../../src/ledger/bundle-check.js';
import { verifyBundle } from '../../src/ledger/bundle-verification.js';
import { entryHash, linkOf } from '../../src/ledger/entry-hash.js';
import { erasePersonal } from '../../src/ledger/erasure.js';
import { acceptInput, KEY, newId, planned } from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';
import {
  checkpointNow,
  doneRequest,
  newSigners,
  type SignedRequest,
  type Signers,
  signedRequest,
  toolsOf,
} from './signed-request.js';

let ledger: FreshLedger;
let signers: Signers;
let tools: VerificationTools;
beforeAll(async () => {
  ledger = await freshLedger();
  signers = await newSigners();
  tools = await toolsOf(signers);
});
afterAll(() => ledger.close());

/** The bundle of a request under a fresh checkpoint. */
const bundleOf = async (request: SignedRequest): Promise<Bundle> => {
  await checkpointNow(ledger, signers);
  return makeBundle(ledger.auditor, request.requestId);
};
const checksOf = async (bundle: Bundle | string, withTools = tools) => {
  const text = typeof bundle === 'string' ? bundle : JSON.stringify(bundle);
  return Object.fromEntries((await verifyBundle(text, withTools)).map((line) => [line.check, line]));
};
const failedOf = async (bundle: Bundle | string, withTools = tools) =>
  Object.values(await checksOf(bundle, withTools))
    .filter((line) => !line.ok)
    .map((line) => line.check);

/** What somebody does who knows the rules and has no key: drops or changes entries, hashes all anew. */
const rehashed = (
  bundle: Bundle,
  change: (entry: Bundle['entries'][number]) => Bundle['entries'][number] | null,
): Bundle => {
  const kept = bundle.entries.map(change).filter((entry) => entry !== null);
  const all = [
    ...kept.map((entry) => ({ entry, link: linkOf(entry) })),
    ...bundle.others.map((link) => ({ entry: undefined, link })),
  ];
  all.sort((a, b) => a.link.seq - b.link.seq);
  let prevHash = bundle.entries[0]?.prevHash ?? '';
  const entries = [];
  const others = [];
  let seq = bundle.entries[0]?.seq ?? 1;
  for (const { entry, link } of all) {
    const hash = entryHash(prevHash, { ...link, seq });
    if (entry === undefined) others.push({ ...link, seq });
    else entries.push({ ...entry, seq, prevHash, hash });
    prevHash = hash;
    seq += 1;
  }
  return { ...bundle, entries, others };
};

describe('the bundle of an honest request', () => {
  it('passes every check, with entries of others in between', async () => {
    const request = await signedRequest(ledger, signers);
    await request.decide('p-ben');
    const other = await planned(ledger);
    await request.decide('p-chi');
    await request.closeGate();
    await request.carryOut();
    const bundle = await bundleOf(request);
    const checks = await checksOf(bundle);
    expect(Object.keys(checks)).toEqual([
      'form',
      'chain',
      'checkpoint',
      'request',
      'policy',
      'plans',
      'decisions',
      'gates',
      'effects',
      'ending',
    ]);
    expect(Object.values(checks).filter((line) => !line.ok)).toEqual([]);
    expect(checks.decisions?.detail).toContain('2 signed');
    expect(bundle.others).toHaveLength(3);
    expect(JSON.stringify(bundle)).not.toContain(other);
  });

  it('passes while the request is open, and when it was rejected', async () => {
    const open = await signedRequest(ledger, signers);
    expect(await failedOf(await bundleOf(open))).toEqual([]);
    await open.decide('p-ben', { claims: { decision: 'reject' } });
    await open.closeGate('rejected');
    await ledger.worker.endRequest(open.requestId, { outcome: 'rejected', message: 'no' });
    expect(await failedOf(await bundleOf(open))).toEqual([]);
  });

  it('passes after personal values were erased, and never held them', async () => {
    const request = await doneRequest(ledger, signers);
    const bundle = await bundleOf(request);
    expect(await erasePersonal(ledger.database('owner'), request.requestId)).toBe(1);
    const after = await makeBundle(ledger.auditor, request.requestId);
    expect(after).toEqual(bundle);
    expect(await failedOf(after)).toEqual([]);
    expect(JSON.stringify(after)).not.toContain('ada@example.com');
  });

  it('is refused for a request that nobody knows', async () => {
    await expect(makeBundle(ledger.auditor, newId())).rejects.toMatchObject({ reason: 'unknown-request' });
  });

  it('fails without a checkpoint after its last entry, and says what to do', async () => {
    const request = await doneRequest(ledger, signers);
    const bundle = await makeBundle(ledger.auditor, request.requestId);
    const checks = await checksOf(bundle);
    expect(checks.checkpoint).toMatchObject({ ok: false, detail: expect.stringContaining('export again') });
    expect(await failedOf(bundle)).toEqual(['checkpoint']);
  });

  it('agrees with checkpoints kept elsewhere, and tells when there are none to compare', async () => {
    const request = await doneRequest(ledger, signers);
    const bundle = await bundleOf(request);
    const witness = bundle.checkpoint;
    if (witness === null) throw new Error('no checkpoint');
    expect(await failedOf(bundle, await toolsOf(signers, [witness]))).toEqual([]);
    const later = { ...witness, seq: witness.seq + 1_000 };
    expect(await failedOf(bundle, await toolsOf(signers, [later]))).toEqual(['witnesses']);
    expect(await failedOf(bundle, await toolsOf(signers, [witness, later]))).toEqual(['witnesses']);
  });
});

describe('a bundle that was tampered with', () => {
  let bundle: Bundle;
  beforeAll(async () => {
    const request = await signedRequest(ledger, signers);
    await planned(ledger);
    await request.decide('p-ben');
    await request.decide('p-chi');
    await request.closeGate();
    await request.carryOut();
    bundle = await bundleOf(request);
    expect(await failedOf(bundle)).toEqual([]);
  });

  const edited = (type: string, from: string, to: string): Bundle => ({
    ...bundle,
    entries: bundle.entries.map((entry) =>
      entry.type === type ? { ...entry, body: entry.body.replace(from, to) } : entry,
    ),
  });

  it('is no bundle when it is not JSON, of another shape, or holds unknown types', async () => {
    expect(await failedOf('{')).toEqual(['form']);
    expect(await failedOf('{"version":1}')).toEqual(['form']);
    expect(await failedOf(JSON.stringify({ ...bundle, more: 1 }))).toEqual(['form']);
    expect(await failedOf(JSON.stringify(bundle).replace('gate.opened', 'gate.painted'))).toEqual(['form']);
    expect(await failedOf({ ...bundle, entries: [] })).toContain('form');
  });

  it('shows an edited line in the chain, and in what it says', async () => {
    expect(await failedOf(edited('request.accepted', 'harbour-01', 'harbour-02'))).toEqual(
      expect.arrayContaining(['chain', 'request']),
    );
    expect(await failedOf(edited('policy.pinned', '\\"need\\":2', '\\"need\\":1'))).toEqual(
      expect.arrayContaining(['chain', 'policy']),
    );
    expect(await failedOf(edited('plan.recorded', '"count":1', '"count":9'))).toEqual(
      expect.arrayContaining(['chain', 'plans']),
    );
    expect(await failedOf(edited('effect.completed', 'org_1', 'org_2'))).toEqual(
      expect.arrayContaining(['chain']),
    );
  });

  it('shows a line that was edited and all hashes made anew, by the signed checkpoint', async () => {
    const forged = rehashed(bundle, (entry) => ({ ...entry, body: entry.body.replace('org_1', 'org_2') }));
    expect(await failedOf(forged)).toEqual(['checkpoint']);
  });

  it('shows a line that was taken out, or left out as one of others', async () => {
    const without = { ...bundle, entries: bundle.entries.filter((entry) => entry.type !== 'gate.closed') };
    expect(await failedOf(without)).toContain('chain');
    const disguise = (owner: string) => ({
      ...without,
      others: [
        ...bundle.others,
        ...bundle.entries
          .filter((entry) => entry.type === 'gate.closed')
          .map((entry) => ({ ...linkOf(entry), owner })),
      ],
    });
    const own = bundle.entries[0] === undefined ? '' : linkOf(bundle.entries[0]).owner;
    expect((await checksOf(disguise(own))).chain?.detail).toContain('left out');
    expect(await failedOf(disguise(bundle.others[0]?.owner ?? ''))).toContain('chain');
  });

  it('shows a cut tail', async () => {
    const last = bundle.entries.at(-1);
    const cut = { ...bundle, entries: bundle.entries.slice(0, -1) };
    expect(last?.type).toBe('request.ended');
    expect(await failedOf(cut)).toEqual(expect.arrayContaining(['checkpoint']));
  });

  it('shows another checkpoint, or one by a key that is not pinned', async () => {
    const { checkpoint } = bundle;
    if (checkpoint === null) throw new Error('no checkpoint');
    expect(await failedOf({ ...bundle, checkpoint: { ...checkpoint, seq: checkpoint.seq - 1 } })).toEqual([
      'checkpoint',
    ]);
    expect(await failedOf({ ...bundle, checkpoint: { ...checkpoint, envelope: 'a.b.c' } })).toEqual([
      'checkpoint',
    ]);
    const strangers = await newSigners();
    expect(await failedOf(bundle, await toolsOf(strangers))).toEqual(
      expect.arrayContaining(['checkpoint', 'request', 'decisions']),
    );
  });

  it('shows a whole bundle made under the name of another request', async () => {
    expect(await failedOf({ ...bundle, requestId: newId() })).toEqual(expect.arrayContaining(['form']));
  });
});

describe('an omitted no', () => {
  it('cannot be hidden: not dropped, not disguised, and the gate does not pass with it', async () => {
    const request = await signedRequest(ledger, signers);
    await request.decide('p-ben');
    await request.decide('p-chi');
    await request.decide('p-dora', { claims: { decision: 'reject' } });
    // a worker that was taken over closes the gate in spite of it, and acts
    await request.closeGate('passed');
    await request.carryOut();
    const bundle = await bundleOf(request);
    expect(await failedOf(bundle)).toEqual(['gates', 'effects']);
    const isNo = (entry: Bundle['entries'][number]) => entry.body.includes('"decision":"reject"');
    const dropped = rehashed(bundle, (entry) => (isNo(entry) ? null : entry));
    expect(await failedOf(dropped)).toEqual(['checkpoint']);
    const hidden = {
      ...bundle,
      entries: bundle.entries.filter((entry) => !isNo(entry)),
      others: [...bundle.others, ...bundle.entries.filter(isNo).map(linkOf)],
    };
    expect(await failedOf(hidden)).toEqual(['chain']);
  });
});

describe('a no that was cut off', () => {
  it('is missed by a checkpoint beyond the end, and the verdict says how far a bundle reaches', async () => {
    const request = await signedRequest(ledger, signers);
    await request.decide('p-ben');
    const before = await bundleOf(request);
    await request.decide('p-chi', { claims: { decision: 'reject' } });
    const whole = await bundleOf(request);
    const [early, late] = [before.checkpoint, whole.checkpoint];
    if (early === null || late === null) throw new Error('no checkpoint');
    const cut = {
      ...whole,
      entries: whole.entries.filter(({ seq }) => seq <= early.seq),
      others: whole.others.filter(({ seq }) => seq <= early.seq),
      checkpoint: early,
    };
    // nobody can tell without a later checkpoint, so the verdict is as of that entry
    const checks = await checksOf(cut);
    expect(Object.values(checks).filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.checkpoint?.asOf).toMatchObject({ seq: early.seq });
    for (const witnesses of [[late], [early, late], [late, early]]) {
      const told = await checksOf(cut, await toolsOf(signers, witnesses));
      expect(told.witnesses).toMatchObject({
        ok: false,
        detail: expect.stringContaining('Export the evidence again'),
      });
    }
    expect(await failedOf(whole, await toolsOf(signers, [early, late]))).toEqual([]);
  });

  it('an export reaches the newest checkpoint, whatever came after the request', async () => {
    const request = await doneRequest(ledger, signers);
    const first = await bundleOf(request);
    await planned(ledger);
    const newest = await checkpointNow(ledger, signers);
    const bundle = await makeBundle(ledger.auditor, request.requestId);
    expect(bundle.checkpoint?.seq).toBe(newest.seq);
    expect(newest.seq).toBeGreaterThan(first.checkpoint?.seq ?? 0);
    expect(await failedOf(bundle, await toolsOf(signers, [newest]))).toEqual([]);
  });
});

describe('a file that two readers would read differently', () => {
  it('is none: a member twice, at any depth', async () => {
    const text = JSON.stringify(await bundleOf(await doneRequest(ledger, signers)));
    expect(await failedOf(text)).toEqual([]);
    expect(await failedOf(JSON.stringify(JSON.parse(text), null, 2))).toEqual([]);
    const twice = [
      text.replace('{', '{"requestId":"req-other",'),
      text.replace('"entries":[{', '"entries":[{"seq":1,'),
      text.replace(/"checkpoint":\{/, '"checkpoint":{"\\u0073eq":1,'),
    ];
    for (const other of twice) {
      expect(other).not.toBe(text);
      expect((await checksOf(other)).form).toMatchObject({
        ok: false,
        detail: expect.stringContaining('twice'),
      });
    }
  });
});

describe('a ledger that was misled, with a chain that is whole', () => {
  it.each<[string, (request: SignedRequest) => Promise<void>, string[]]>([
    ['nobody decided', async () => undefined, ['gates', 'effects']],
    ['one of two decided', (request) => request.decide('p-ben'), ['gates', 'effects']],
    [
      'the requester decided',
      async (request) => {
        await request.decide('p-ben');
        await request.decide('p-ada');
      },
      ['gates', 'effects'],
    ],
    [
      'the beneficiary decided',
      async (request) => {
        await request.decide('p-ben');
        await request.decide('p-beneficiary');
      },
      ['gates', 'effects'],
    ],
    [
      'evidence is missing',
      async (request) => {
        await request.decide('p-ben');
        await request.decide('p-chi', { claims: { evidence: {} } });
      },
      ['gates', 'effects'],
    ],
    [
      'a delegate and the one he stands in for decided',
      async (request) => {
        await request.decide('p-ben');
        await request.decide('p-chi', {
          claims: {
            approver: { issuer: 'i', subject: 's', accountId: 'a', personId: 'p-chi', actingFor: 'p-ben' },
          },
        });
      },
      ['gates', 'effects'],
    ],
    [
      'an envelope is for another request',
      async (request) => {
        await request.decide('p-ben');
        await request.decide('p-chi', { claims: { requestId: 'req-other' } });
      },
      ['decisions', 'gates', 'effects'],
    ],
    [
      'an envelope is for another plan',
      async (request) => {
        await request.decide('p-ben');
        await request.decide('p-chi', { claims: { planDigest: '0'.repeat(64) } });
      },
      ['decisions', 'gates', 'effects'],
    ],
    [
      'an envelope is for another gate, epoch or person, or is a no that was recorded as a yes',
      async (request) => {
        await request.decide('p-ben', { claims: { gate: 'lunch' }, recorded: { gate: 'procurement' } });
        await request.decide('p-chi', { claims: { epoch: 7 }, recorded: { epoch: 1 } });
        await request.decide('p-dora', { recorded: { personId: 'p-emil' } });
        await request.decide('p-fay', { claims: { decision: 'reject' }, recorded: { decision: 'approve' } });
      },
      ['decisions', 'gates', 'effects'],
    ],
    [
      'an envelope is signed by a stranger',
      async (request) => {
        await request.decide('p-ben');
        await request.decide('p-chi', { signer: (await newSigners()).decision });
      },
      ['decisions', 'gates', 'effects'],
    ],
    [
      'an envelope is no envelope',
      async (request) => {
        await request.decide('p-ben');
        await request.decide('p-chi', { recorded: { envelope: 'a.b.c' } });
      },
      ['decisions', 'gates', 'effects'],
    ],
  ])('%s', async (_name, decide, failed) => {
    const request = await signedRequest(ledger, signers);
    await decide(request);
    await request.closeGate('passed');
    await request.carryOut();
    expect(await failedOf(await bundleOf(request))).toEqual(failed);
  });

  it('votes that came after the effect do not permit it', async () => {
    const request = await signedRequest(ledger, signers);
    await request.decide('p-ben');
    const entries = await ledger.worker.entriesOf(request.requestId);
    // the owner's hand: no function reserves while a gate is open
    await ledger
      .database('owner')
      .query('insert', 'insert into gatehouse.entry (type, request_id, body) values ($1, $2, $3)', [
        'effect.reserved',
        request.requestId,
        JSON.stringify({ key: KEY, epoch: 1, system: 'otterize' }),
      ]);
    expect(entries.at(-1)?.type).toBe('decision.made');
    await request.decide('p-chi');
    await request.closeGate();
    const checks = await checksOf(await bundleOf(request));
    expect(checks.gates?.ok).toBe(true);
    expect(checks.effects).toMatchObject({
      ok: false,
      detail: expect.stringContaining('gate procurement was open'),
    });
  });

  it('an effect that nobody reserved, one outside the plan, and one after the revocation', async () => {
    const request = await doneRequest(ledger, signers);
    const byHand = (type: string, body: object) =>
      ledger
        .database('owner')
        .query('insert', 'insert into gatehouse.entry (type, request_id, body) values ($1, $2, $3)', [
          type,
          request.requestId,
          JSON.stringify(body),
        ]);
    const done = { epoch: 1, system: 'otterize', outcome: 'created', readBack: {} };
    await byHand('effect.completed', { ...done, key: 'x:unreserved' });
    await byHand('effect.reserved', { key: 'x:unplanned', epoch: 1, system: 'otterize' });
    const checks = await checksOf(await bundleOf(request));
    expect(checks.effects?.detail).toContain('x:unreserved was completed');
    expect(checks.effects?.detail).toContain('x:unplanned was reserved');
    expect(checks.ending).toMatchObject({
      ok: false,
      detail: expect.stringContaining('comes after the end'),
    });
  });

  it('an ending as done with a target that is not', async () => {
    const request = await signedRequest(ledger, signers);
    await request.decide('p-ben');
    await request.decide('p-chi');
    await request.closeGate();
    await ledger.worker.endRequest(request.requestId, { outcome: 'done', message: 'done' });
    expect(await failedOf(await bundleOf(request))).toEqual(['ending']);
  });
});

describe('a key that the ledger revoked', () => {
  it('counts before its revocation and not after it; the revocation cannot be left out', async () => {
    const old = await newSigners();
    const both: Signers = { ...signers, ring: [...signers.ring, ...old.ring] };
    const before = await signedRequest(ledger, signers);
    const after = await signedRequest(ledger, signers);
    await before.decide('p-ben', { signer: old.decision });
    await before.decide('p-chi', { signer: old.decision });
    await ledger.api.revokeKey({ kid: old.decision.kid });
    await after.decide('p-ben', { signer: old.decision });
    await after.decide('p-chi');
    for (const request of [before, after]) {
      await request.closeGate('passed');
      await request.carryOut();
    }
    const withBoth = await toolsOf(both);
    expect(await failedOf(await bundleOf(before), withBoth)).toEqual([]);
    const bundle = await bundleOf(after);
    expect(await failedOf(bundle, withBoth)).toEqual(['decisions', 'gates', 'effects']);
    const revocation = bundle.entries.filter((entry) => entry.type === 'key.revoked');
    const hidden = {
      ...bundle,
      entries: bundle.entries.filter((entry) => entry.type !== 'key.revoked'),
      others: [...bundle.others, ...revocation.map(linkOf)],
    };
    expect(revocation).toHaveLength(1);
    expect(await failedOf(hidden, withBoth)).toEqual(['chain']);
  });
});

it('a bundle across more entries than one page holds', async () => {
  const request = await doneRequest(ledger, signers);
  await Promise.all(Array.from({ length: 600 }, () => ledger.api.acceptRequest(acceptInput(newId()))));
  const bundle = await bundleOf(request);
  expect(bundle.others.length).toBeGreaterThan(1_100);
  expect(await failedOf(bundle)).toEqual([]);
});
