import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManifestUnreadable } from '../../src/api/ports.js';
import { verifyRequest } from '../../src/security/attestation.js';
import { digest } from '../../src/security/canonical.js';
import { edited, exampleOf } from '../manifests/examples.js';
import { askBody, Gatehouse } from './gatehouse.js';

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());

describe('asking', () => {
  it('is accepted with a place to look at, signed, pinned and kept for Temporal', async () => {
    const answer = await gatehouse.as('ada', 'POST', '/v1/requests', askBody('accepted'));
    expect(answer.status).toBe(202);
    expect(answer.headers.location).toBe(`/v1/requests/${answer.text('id')}`);
    expect(answer.body).toMatchObject({
      kind: 'Fleet',
      status: 'planning',
      ticket: 'CHG0042',
      workflowId: 'fleet/otterize/accepted',
      waitingFor: [{ condition: 'the plan is being computed', who: 'Gatehouse' }],
      page: `https://gatehouse.example.com/r/${answer.text('id')}`,
    });
    expect(answer.at('targets.target')).toEqual(['harbour-01/dev', 'harbour-02/prod']);

    const [accepted] = await gatehouse.entries(answer.text('id'), 'request.accepted');
    const [pinned] = await gatehouse.entries(answer.text('id'), 'policy.pinned');
    const document = JSON.parse(accepted?.body.document ?? '');
    expect(digest(accepted?.body.document ?? '')).toBe(accepted?.body.requestHash);
    expect(document).toMatchObject({
      requester: { kind: 'person', id: 'p-ada' },
      policy: { name: 'saas', digest: pinned?.body.digest },
    });
    expect(digest(pinned?.body.document ?? '')).toBe(pinned?.body.digest);
    const claims = await verifyRequest(accepted?.body.envelope ?? '', gatehouse.deps.ring);
    expect(claims).toMatchObject({ requestId: answer.text('id'), requestHash: accepted?.body.requestHash });

    const items = await gatehouse.ledger.api.claimOutbox(10);
    expect(items.filter(({ requestId }) => requestId === answer.text('id'))).toMatchObject([
      { kind: 'start', payload: expect.stringContaining('"workflowType":"fleetOnboarding"') },
    ]);
  });

  it('keeps personal values out of the chain', async () => {
    const id = await gatehouse.ask('personal', { reason: 'Emil is curious' });
    const chain = JSON.stringify(await gatehouse.ledger.api.storedEntriesOf(id));
    for (const secret of ['ada@example.com', 'emil@example.com', 'Emil is curious']) {
      expect(chain).not.toContain(secret);
    }
    const [accepted] = await gatehouse.entries(id, 'request.accepted');
    const { requestedFor, reason } = JSON.parse(accepted?.body.document ?? '');
    const values = await gatehouse.ledger.api.personal([requestedFor, reason]);
    expect([...values.values()]).toEqual(['emil@example.com', 'Emil is curious']);
  });

  it('answers the same request for the same Idempotency-Key, and refuses the key with another body', async () => {
    const headers = { 'idempotency-key': 'CHG0100' };
    const first = await gatehouse.as('ada', 'POST', '/v1/requests', askBody('repeated'), headers);
    const again = await gatehouse.as('ada', 'POST', '/v1/requests', askBody('repeated'), headers);
    const other = await gatehouse.as('ada', 'POST', '/v1/requests', askBody('other'), headers);
    expect([first.status, again.status, other.status]).toEqual([202, 200, 422]);
    expect(again.text('id')).toBe(first.text('id'));
    expect(other.at('type')).toBe('urn:gatehouse:problem:key-reused');
    // the key of another caller is another key
    const olga = await gatehouse.as('olga', 'POST', '/v1/requests', askBody('repeated-by-olga'), headers);
    expect(olga.status).toBe(202);
  });

  it('answers the open request for the same content, whatever the form of the text', async () => {
    const id = await gatehouse.ask('same');
    const { manifest, ...rest } = askBody('same');
    const reformatted = `# the same\n${manifest.replace('{maxInFlight: 10}', '{ maxInFlight: 10 }')}`;
    const again = await gatehouse.as('ada', 'POST', '/v1/requests', { ...rest, manifest: reformatted });
    expect([again.status, again.text('id')]).toEqual([200, id]);
    expect(await gatehouse.entries(id, 'request.accepted')).toHaveLength(1);
  });

  it('says to another person that the same is asked already, and nothing of where it stands', async () => {
    const id = await gatehouse.ask('same-of-another');
    const dan = { sub: 'sub-dan', oid: 'acc-dan', person_id: 'p-dan', name: 'dan' };
    const ask = async (changes: Partial<typeof dan>) =>
      gatehouse.call({
        method: 'POST',
        url: '/v1/requests',
        payload: askBody('same-of-another'),
        headers: { authorization: `Bearer ${await gatehouse.token('ada', changes)}` },
      });
    const answer = await ask(dan);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ type: 'urn:gatehouse:problem:open-request', requestId: id });
    expect(Object.keys(Object(answer.body)).toSorted()).toEqual(
      ['detail', 'instance', 'remedy', 'requestId', 'status', 'title', 'type'].toSorted(),
    );
    expect((await ask({})).status).toBe(200);
    expect((await gatehouse.as('olga', 'POST', '/v1/requests', askBody('same-of-another'))).status).toBe(200);
  });

  it.each([
    ['another person', 'ada@example.com', 'fay@example.com'],
    ['another label', 'region: eu', 'region: us'],
    ['another pace', 'maxInFlight: 10', 'maxInFlight: 9'],
  ])('names the open request when the content is another one: %s', async (_, from, to) => {
    const fleet = `differs-${to.length}-${from.length}`;
    const id = await gatehouse.ask(fleet);
    const body = askBody(fleet);
    const answer = await gatehouse.as('ada', 'POST', '/v1/requests', {
      ...body,
      manifest: edited(body.manifest, from, to),
    });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ type: 'urn:gatehouse:problem:open-request', requestId: id });
    expect(answer.at('remedy')).toContain(`gatehouse cancel ${id}`);
  });

  it('makes one request of many at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => gatehouse.as('ada', 'POST', '/v1/requests', askBody('race'))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 202]);
    expect(new Set(answers.map((answer) => answer.text('id'))).size).toBe(1);
  });

  it('tells every fault of a manifest with its place, and keeps nothing', async () => {
    const before = await gatehouse.ledger.api.head();
    const manifest = edited(
      edited(exampleOf('Fleet'), 'name: harbour-01', 'name: harbour-99'),
      'project: platform/clusters',
      'project: platform/nowhere',
    );
    const answer = await gatehouse.as('ada', 'POST', '/v1/requests', { ...askBody(), manifest });
    expect(answer.status).toBe(422);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.at('faults')).toEqual([
      {
        place: 'manifest:8:23',
        message: expect.stringContaining('"platform/nowhere" is not in the inventory'),
      },
      { place: 'manifest:16:14', message: expect.stringContaining('"harbour-99" is not in the inventory') },
    ]);
    const { seq, hash } = await gatehouse.ledger.api.head();
    expect({ seq, hash }).toEqual({ seq: before.seq, hash: before.hash });
  });

  it('refuses a service that the inventory does not know, and says which was meant', async () => {
    const manifest = edited(exampleOf('Fleet'), 'service: otterize', 'service: otterise');
    const answer = await gatehouse.as('ada', 'POST', '/v1/requests', { ...askBody(), manifest });
    expect(answer.body).toMatchObject({
      status: 422,
      type: 'urn:gatehouse:problem:invalid-manifest',
      faults: [{ message: expect.stringContaining('did you mean "otterize"?') }],
    });
  });

  it('refuses fields that it does not know, and calls that are not of their shape', async () => {
    const extra = await gatehouse.as('ada', 'POST', '/v1/requests', { ...askBody(), policy: 'none' });
    expect(extra.status).toBe(400);
    expect(extra.at('faults.0.message')).toContain('"policy"');
    const { manifest: _, ...without } = askBody();
    expect((await gatehouse.as('ada', 'POST', '/v1/requests', without)).status).toBe(400);
    const { requestedFor: __, ...nobody } = askBody();
    expect((await gatehouse.as('ada', 'POST', '/v1/requests', nobody)).status).toBe(400);
    const number = await gatehouse.as('ada', 'POST', '/v1/requests', { ...askBody(), ticket: 42 });
    expect(number.status).toBe(400);
  });

  it('refuses bodies that are too large, not JSON, or of another type', async () => {
    const authorization = `Bearer ${await gatehouse.token('ada')}`;
    const send = (payload: string, type: string) =>
      gatehouse.call({
        method: 'POST',
        url: '/v1/requests',
        payload,
        headers: { authorization, 'content-type': type },
      });
    expect((await send(`"${'x'.repeat(1024 * 1024)}"`, 'application/json')).status).toBe(413);
    expect((await send('{"kind":', 'application/json')).status).toBe(400);
    expect((await send('kind: Fleet', 'text/yaml')).status).toBe(415);
  });
});

describe('a manifest in Git', () => {
  const source = { project: 'platform/fleets', path: 'otterize.yaml', commit: 'a'.repeat(40) };
  const ask = (from: Gatehouse, given: object) => {
    const { manifest: _, ...rest } = askBody();
    return from.as('ada', 'POST', '/v1/requests', { ...rest, source: given });
  };

  it('is refused where nothing reads it', async () => {
    expect((await ask(gatehouse, source)).text('type')).toBe('urn:gatehouse:problem:no-source');
  });

  it('is read at the commit, from listed projects only, and named in the request', async () => {
    const read: string[] = [];
    const other = await Gatehouse.start({
      readManifest: async ({ project, path, commit }) => {
        read.push(`${project} ${path} ${commit}`);
        if (path === 'missing.yaml') throw new ManifestUnreadable('There is no missing.yaml at that commit.');
        return exampleOf('Fleet');
      },
    });
    try {
      expect((await ask(other, { ...source, project: 'someone/else' })).status).toBe(422);
      expect(read).toEqual([]);
      const missing = await ask(other, { ...source, path: 'missing.yaml' });
      expect(missing.at('detail')).toBe('There is no missing.yaml at that commit.');
      expect((await ask(other, { ...source, path: '../secrets.yaml' })).status).toBe(400);
      expect((await ask(other, { ...source, commit: 'main' })).status).toBe(400);
      const answer = await ask(other, source);
      expect(answer.status).toBe(202);
      const [accepted] = await other.entries(answer.text('id'), 'request.accepted');
      expect(JSON.parse(accepted?.body.document ?? '').source).toEqual(source);
    } finally {
      await other.stop();
    }
  });
});

describe('reading', () => {
  it('shows status, plan, entries and evidence to who may see them', async () => {
    const id = await gatehouse.ask('readable');
    expect((await gatehouse.as('ada', 'GET', `/v1/requests/${id}/plan`)).status).toBe(404);
    const { planDigest } = await gatehouse.plan(id);

    const status = await gatehouse.as('ivo', 'GET', `/v1/requests/${id}`);
    expect(status.body).toMatchObject({
      status: 'waiting',
      epoch: 1,
      planDigest,
      totals: { create: 2, change: 2 },
    });
    expect(status.at('waitingFor.gate')).toEqual(['procurement', 'data-protection']);

    const plan = await gatehouse.as('ada', 'GET', `/v1/requests/${id}/plan`);
    expect(plan.at('targets.0.lines')).toEqual([
      '+ organisation: harbour-01-dev',
      '! organisation cannot be deleted later',
      '~ values: harbour-01/dev/otterize.yaml',
    ]);
    expect(plan.at('targets.0.invitees')).toEqual(['ada@example.com']);

    const entries = await gatehouse.as('ivo', 'GET', `/v1/requests/${id}/entries`);
    expect(entries.at('entries')).toEqual(await gatehouse.ledger.api.storedEntriesOf(id));
    const bundle = await gatehouse.as('ivo', 'GET', `/v1/requests/${id}/bundle`);
    expect(bundle.headers['content-disposition']).toContain(`${id}.bundle.json`);
    expect(bundle.body).toMatchObject({ kind: 'gatehouse-evidence', requestId: id });
    expect(bundle.at('entries')).toEqual(entries.at('entries'));
  });

  it('lists newest first, page by page, to each what he may see', async () => {
    const ids = [await gatehouse.ask('list-1'), await gatehouse.ask('list-2'), await gatehouse.ask('list-3')];
    const first = await gatehouse.as('olga', 'GET', '/v1/requests?limit=2');
    expect(first.at('requests.id')).toEqual([ids[2], ids[1]]);
    const second = await gatehouse.as('olga', 'GET', `/v1/requests?limit=1&before=${first.text('next')}`);
    expect(second.at('requests.0.id')).toBe(ids[0]);
    const mine = await gatehouse.as('ada', 'GET', '/v1/requests?limit=1&workflowId=fleet/otterize/list-1');
    expect(mine.at('requests')).toMatchObject([{ id: ids[0], status: 'planning' }]);
    expect((await gatehouse.as('stranger', 'GET', '/v1/requests')).at('requests')).toEqual([]);
    expect((await gatehouse.as('olga', 'GET', '/v1/requests?limit=0')).status).toBe(400);
    expect((await gatehouse.as('olga', 'GET', '/v1/requests?order=oldest')).status).toBe(400);
  });

  it('lists what belongs to a ticket, is of a kind, or stands somewhere, and says who asked for what', async () => {
    const body = { ...askBody('ticketed'), ticket: 'CHG7788' };
    const id = (await gatehouse.as('ada', 'POST', '/v1/requests', body)).text('id');
    await gatehouse.ask('after-it');
    const found = await gatehouse.as('olga', 'GET', '/v1/requests?ticket=CHG7788');
    expect(found.at('requests')).toEqual([
      expect.objectContaining({
        id,
        ticket: 'CHG7788',
        title: expect.stringContaining('of the fleet ticketed'),
        requester: expect.stringMatching(/^ada \(person /),
      }),
    ]);
    expect(found.at('next')).toBeUndefined();
    const list = async (query: string) =>
      (await gatehouse.as('olga', 'GET', `/v1/requests?${query}`)).at('requests');
    expect(await list('ticket=CHG7788&status=planning&kind=Fleet')).toHaveLength(1);
    expect(await list('ticket=CHG7788&status=done')).toEqual([]);
    // a family that is not there is no word of the list either
    expect((await gatehouse.as('olga', 'GET', '/v1/requests?kind=Promotion')).status).toBe(400);
    expect((await gatehouse.as('olga', 'GET', '/v1/requests?status=gone')).status).toBe(400);
    // somebody else's stays unseen, whatever is asked for
    expect((await gatehouse.as('stranger', 'GET', '/v1/requests?ticket=CHG7788')).at('requests')).toEqual([]);
  });
});
