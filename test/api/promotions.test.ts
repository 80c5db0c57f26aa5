import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exampleOf } from '../manifests/examples.js';
import { Gatehouse } from './gatehouse.js';
import { PlayedPromotion, promotionDeps, WEB, webRelease } from './promotions.js';

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start(promotionDeps());
});
afterAll(() => gatehouse.stop());
afterEach(async () => {
  for (const workflowId of ['promotion/shop/prod', 'promotion/basket/prd']) {
    const open = await gatehouse.ledger.api.findOpenByWorkflowId(workflowId);
    if (open !== null) await end(open.requestId);
  }
});

const ask = (body: object, person: 'ada' | 'olga' = 'ada') =>
  gatehouse.as(person, 'POST', '/v1/requests', { kind: 'Promotion', ...body });

/** Tests do not stand in each other's way. */
async function end(requestId: string): Promise<void> {
  await gatehouse.ledger.worker.endRequest(requestId, { outcome: 'cancelled', message: 'over' });
}

describe('asking for a promotion', () => {
  it('takes the words of the call, pins path and policy, and starts its workflow', async () => {
    const answer = await ask({
      application: 'shop',
      to: 'prod',
      release: { images: { web: `sha256:${'a'.repeat(64)}` } },
      ticket: 'CHG0042',
    });
    expect(answer.body).toMatchObject({
      kind: 'Promotion',
      status: 'planning',
      workflowId: 'promotion/shop/prod',
      promotion: { application: 'shop', environment: 'prod', from: 'dev', places: [{ step: 'planned' }] },
    });
    const id = answer.text('id');
    const [accepted] = await gatehouse.entries(id, 'request.accepted');
    const [pinned] = await gatehouse.entries(id, 'policy.pinned');
    const document = JSON.parse(accepted?.body.document ?? '');
    expect(document).toMatchObject({
      kind: 'Promotion',
      requester: { kind: 'person', id: 'p-ada' },
      policy: { name: 'production' },
      content: {
        application: 'shop',
        owners: 'shop-owners',
        asked: { images: { [WEB]: `sha256:${'a'.repeat(64)}` } },
      },
    });
    expect(document.requestedFor).toBeUndefined();
    // a gate of owners asks the group that owns the application
    expect(JSON.parse(pinned?.body.document ?? '')).toMatchObject({
      spec: { gates: [{ name: 'owner', approvers: { group: 'shop-owners', need: 1, needAtHighRisk: 2 } }] },
    });
    const items = await gatehouse.ledger.api.claimOutbox(10);
    expect(items.filter(({ requestId }) => requestId === id)).toMatchObject([
      { kind: 'start', payload: expect.stringContaining('"workflowType":"promotion"') },
    ]);
    await end(id);
  });

  it('takes a file as well, and answers the open request for the same content', async () => {
    const manifest = 'apiVersion: gatehouse/v1\nkind: Promotion\nmetadata: {name: shop}\nspec: {to: prod}\n';
    const first = await ask({ manifest });
    const again = await ask({ application: 'shop', to: 'prod' });
    expect([first.status, again.status]).toEqual([202, 200]);
    expect(again.text('id')).toBe(first.text('id'));
    await end(first.text('id'));
  });

  it('tells faults by the names of the call, or by the lines of the file', async () => {
    const faults = async (body: object) => (await ask(body)).at('faults');
    expect(await faults({ application: 'shpo', to: 'prod' })).toEqual([
      { place: 'body.application', message: expect.stringContaining('did you mean "shop"?') },
    ]);
    expect(await faults({ application: 'shop', to: 'dev' })).toEqual([
      { place: 'body.to', message: expect.stringContaining('nothing is promoted there') },
    ]);
    expect(await faults({ application: 'basket', to: 'prd', from: 'dev' })).toEqual([
      { place: 'body.from', message: expect.stringContaining("can't be skipped") },
    ]);
    expect(await faults({ application: 'shop', to: 'prod', release: { images: { webb: '1.2' } } })).toEqual([
      { place: 'body.release.images.webb', message: expect.stringContaining('did you mean "web"?') },
    ]);
    const manifest = 'apiVersion: gatehouse/v1\nkind: Promotion\nmetadata: {name: shop}\nspec: {to: prd}\n';
    expect(await faults({ manifest })).toEqual([
      { place: 'manifest:4:12', message: expect.stringContaining('did you mean "prod"?') },
    ]);
  });

  it('refuses forms that are none, and kinds that do not fit', async () => {
    const problem = async (body: object) => {
      const { status, at } = await ask(body).then((answer) => ({
        status: answer.status,
        at: answer.at('faults.0.message'),
      }));
      return [status, at];
    };
    expect(await problem({})).toEqual([400, expect.stringContaining('"application" and "to"')]);
    expect(await problem({ application: 'shop' })).toEqual([400, expect.stringContaining("'to'")]);
    const manifest = exampleOf('Fleet');
    expect(await problem({ manifest })).toEqual([400, expect.stringContaining('kind of the manifest')]);
    expect(await problem({ application: 'shop', to: 'prod', manifest })).toEqual([
      400,
      expect.stringContaining('not more than one'),
    ]);
    expect(await problem({ application: 'shop', to: 'prod', policy: 'none' })).toEqual([
      400,
      expect.stringContaining('"policy"'),
    ]);
    const fleet = await gatehouse.as('ada', 'POST', '/v1/requests', { kind: 'Fleet', application: 'shop' });
    expect([fleet.status, fleet.at('faults.0.message')]).toEqual([
      400,
      expect.stringContaining("'requestedFor'"),
    ]);
  });

  it('wants a reason for an exception, and a policy that allows it', async () => {
    const silent = await ask({ application: 'shop', to: 'prod', exception: 'break-glass' });
    expect(silent.body).toMatchObject({ status: 400, faults: [{ place: 'body.reason' }] });
    const hotfix = await ask({ application: 'shop', to: 'prod', exception: 'hotfix', reason: 'it burns' });
    expect(hotfix.body).toMatchObject({ status: 422, type: 'urn:gatehouse:problem:no-policy' });
    expect(hotfix.text('detail')).toContain('no policy allows this exception');
    const glass = await ask({
      application: 'shop',
      to: 'prod',
      exception: 'break-glass',
      reason: 'it burns',
    });
    expect(glass.at('promotion.exception')).toBe('break-glass');
    await end(glass.text('id'));
  });

  it('is refused to who may not ask', async () => {
    const answer = await gatehouse.as('stranger', 'POST', '/v1/requests', {
      kind: 'Promotion',
      application: 'shop',
      to: 'prod',
    });
    expect(answer.status).toBe(403);
  });
});

describe('another release while one is open', () => {
  it('has to wait where the path says refuse', async () => {
    const id = (await ask({ application: 'shop', to: 'prod' })).text('id');
    const other = await ask({ application: 'shop', to: 'prod', release: { commit: 'd'.repeat(40) } });
    expect(other.body).toMatchObject({ type: 'urn:gatehouse:problem:open-request', requestId: id });
    expect(await gatehouse.entries(id, 'command.given')).toEqual([]);
    await end(id);
  });

  it('takes its place where the latest wins: the open one is cancelled in the name of who asks', async () => {
    const id = (await ask({ application: 'basket', to: 'prd' })).text('id');
    await (await PlayedPromotion.of(gatehouse, id)).plan();
    const asking = ask({ application: 'basket', to: 'prd', release: { commit: 'd'.repeat(40) } }, 'olga');
    await expect.poll(() => gatehouse.entries(id, 'command.given')).toHaveLength(1);
    const [given] = await gatehouse.entries(id, 'command.given');
    expect(given?.body).toMatchObject({ command: 'cancel', by: { id: 'p-olga' } });
    // its workflow obeys
    await end(id);
    const newer = await asking;
    expect(newer.status).toBe(202);
    expect(given?.body.commandId).toBe(`superseded.${newer.text('id')}`);
    const old = await gatehouse.as('ada', 'GET', `/v1/requests/${id}`);
    expect([old.at('status'), old.at('message')]).toEqual(['cancelled', `superseded by ${newer.text('id')}`]);
    await end(newer.text('id'));
  });

  it('has to wait for what is merged already, whoever is the latest', async () => {
    const id = (await ask({ application: 'basket', to: 'prd' })).text('id');
    const played = await PlayedPromotion.of(gatehouse, id);
    await played.plan();
    await played.agree();
    await played.startPlace('basket/prd/north');
    await played.merge('basket/prd/north');
    const other = await ask({ application: 'basket', to: 'prd', release: { commit: 'd'.repeat(40) } });
    expect(other.body).toMatchObject({ status: 409, requestId: id });
    expect(other.text('detail')).toContain('merged already');
    expect(await gatehouse.entries(id, 'command.given')).toEqual([]);
    await end(id);
  });

  it('cannot be pretended by a command of somebody', async () => {
    const id = (await ask({ application: 'shop', to: 'prod' })).text('id');
    const answer = await gatehouse.as(
      'olga',
      'POST',
      `/v1/requests/${id}/cancel`,
      {},
      {
        'idempotency-key': 'superseded.req-x',
      },
    );
    expect(answer.status).toBe(400);
    await end(id);
  });
});

describe('a promotion on its way', () => {
  it('says at every step where it stands, why it waits and what is next', async () => {
    const id = (await ask({ application: 'shop', to: 'prod' })).text('id');
    const played = await PlayedPromotion.of(gatehouse, id);
    const status = () => gatehouse.as('omar', 'GET', `/v1/requests/${id}`);
    const [place = ''] = played.places;
    await played.plan();
    expect((await status()).body).toMatchObject({
      status: 'waiting',
      waitingFor: [{ gate: 'owner', who: 'group shop-owners', next: 'it is merged, delivered and proven' }],
      promotion: {
        release: `web@sha256:${'a'.repeat(12)}`,
        changeRecord: { name: 'CHG0031415', url: 'https://servicenow.example.com/CHG0031415' },
        places: [{ step: 'proposed', mergeRequest: { name: '!42', url: expect.stringContaining('/42') } }],
      },
    });
    await played.agree();
    await played.startPlace(place);
    expect((await status()).body).toMatchObject({
      status: 'running',
      waitingFor: [
        { condition: expect.stringContaining('the change record CHG0031415'), next: 'it is merged' },
      ],
      promotion: { places: [{ step: 'waiting' }] },
    });
    await played.merge(place);
    expect((await status()).body).toMatchObject({
      waitingFor: [{ condition: expect.stringContaining('Argo CD on harbour-02'), who: 'the controller' }],
      promotion: { places: [{ step: 'delivering' }] },
    });
    await played.sees(place, 'other-revision: application argocd/shop: it compares 4f2a');
    expect((await status()).body).toMatchObject({
      waitingFor: [
        { condition: expect.stringMatching(/Argo CD on harbour-02 \(other-revision: .*, for 3\d s\)$/) },
      ],
      targets: [{ waits: [{ step: expect.stringMatching(/^delivered\//), since: expect.any(String) }] }],
    });
    await played.deliver(place);
    expect((await status()).at('promotion.places.0.step')).toBe('checking');
    expect((await status()).text('waitingFor.0.condition')).not.toContain('other-revision');
    await played.prove(place);
    expect((await status()).body).toMatchObject({
      status: 'running',
      waitingFor: [{ condition: expect.stringContaining('watched for a regression until') }],
      promotion: { places: [{ step: 'proven', deliveries: [{ provenAt: expect.any(String) }] }] },
    });
    await played.end('done');
    expect((await status()).body).toMatchObject({ status: 'done', waitingFor: [] });
  });

  it('names the window that is closed, and that nobody can open it', async () => {
    const id = (await ask({ application: 'basket', to: 'prd' })).text('id');
    const played = await PlayedPromotion.of(gatehouse, id);
    await played.plan();
    await played.agree();
    await played.startPlace('basket/prd/north');
    const status = await gatehouse.as('omar', 'GET', `/v1/requests/${id}`);
    expect(status.at('waitingFor')).toMatchObject([
      {
        condition: 'basket/prd/north: denied by the window "stocktaking"',
        who: 'nobody: it opens by itself',
        next: 'it does not open within a year',
      },
    ]);
    expect(status.at('promotion.places.step')).toEqual(['waiting', 'pending']);
  });

  it('shows the plan with the release, the rendered difference and what was checked', async () => {
    const id = (await ask({ application: 'shop', to: 'prod' })).text('id');
    const played = await PlayedPromotion.of(gatehouse, id);
    await played.plan(webRelease('a'), { risk: 'high' });
    const gate = await gatehouse.as('omar', 'GET', `/v1/requests/${id}/gates/owner`);
    expect(gate.at('plan.promotion')).toMatchObject({
      release: { line: `web@sha256:${'a'.repeat(12)}`, images: [{ repository: WEB }] },
      risk: { level: 'high', reasons: ['a Deployment is removed'] },
      findings: ['dev runs it: Synced'],
      places: [
        {
          place: 'shop/prod/prod',
          diff: expect.stringContaining('+  image: web@sha256:new'),
          files: [{ path: 'apps/shop/web.yaml', change: 'changed' }],
        },
      ],
    });
    // what only takes it back is no line of what will happen
    expect(JSON.stringify(gate.at('plan.targets.lines'))).not.toContain('revert');
    // the risk asks for a second person
    expect(gate.at('policy.need')).toBe(2);
    const status = await gatehouse.as('omar', 'GET', `/v1/requests/${id}`);
    expect(status.at('gates.0')).toMatchObject({ group: 'shop-owners', need: 2 });
    const [item] = [(await gatehouse.as('omar', 'GET', '/v1/inbox')).at('items.0')];
    expect(item).toMatchObject({ requestId: id, title: 'shop to prod', targets: 1 });
    await end(id);
  });

  it('keeps authors from deciding, and is seen by the owners', async () => {
    const id = (await ask({ application: 'shop', to: 'prod' })).text('id');
    const played = await PlayedPromotion.of(gatehouse, id);
    const asked = await played.plan(webRelease('a'), { authors: ['P-OMAR'] });
    const decided = await gatehouse.as('omar', 'POST', `/v1/requests/${id}/gates/owner/decisions`, {
      decision: 'approve',
      ...asked,
      evidence: {},
    });
    expect(decided.text('type')).toBe('urn:gatehouse:problem:four-eyes');
    expect((await gatehouse.as('omar', 'GET', '/v1/inbox')).at('items')).toEqual([]);
    expect((await gatehouse.as('ben', 'GET', `/v1/requests/${id}`)).status).toBe(404);
    await end(id);
  });

  it('is open until what went round the normal way was reviewed', async () => {
    const id = (
      await ask({ application: 'shop', to: 'prod', exception: 'break-glass', reason: 'it burns' })
    ).text('id');
    const played = await PlayedPromotion.of(gatehouse, id);
    const [place = ''] = played.places;
    const asked = await played.plan(webRelease('a'), { open: ['on-call'] });
    await played.agree(['on-call']);
    await played.startPlace(place);
    await played.merge(place);
    await played.prove(place);
    await gatehouse.ledger.worker.openGate(id, {
      gate: 'review',
      epoch: asked.epoch,
      openedAt: new Date().toISOString(),
    });
    const status = await gatehouse.as('omar', 'GET', `/v1/requests/${id}`);
    expect(status.body).toMatchObject({
      status: 'waiting',
      waitingFor: [{ gate: 'review', next: 'it ends' }],
      promotion: { places: [{ step: 'proven' }] },
    });
    expect(status.at('times.stages')).toContainEqual(
      expect.objectContaining({ stage: 'review', kind: 'waiting' }),
    );
    await end(id);
  });
});

describe('a promotion that goes wrong', () => {
  async function failed(): Promise<{ id: string; played: PlayedPromotion; place: string }> {
    const id = (await ask({ application: 'shop', to: 'prod' })).text('id');
    const played = await PlayedPromotion.of(gatehouse, id);
    const [place = ''] = played.places;
    await played.plan();
    await played.agree();
    await played.startPlace(place);
    await played.merge(place);
    await played.fail(place);
    return { id, played, place };
  }

  it('says what failed, and both ways on', async () => {
    const { id, place } = await failed();
    const status = await gatehouse.as('olga', 'GET', `/v1/requests/${id}`);
    expect(status.body).toMatchObject({
      status: 'attention',
      waitingFor: [
        {
          condition: expect.stringContaining('hook smoke-test'),
          next: `Mend the pods, then: gatehouse retry ${id} --place ${place}; or take it back: gatehouse rollback ${id}`,
        },
      ],
    });
    await end(id);
  });

  it('is taken back by operators and owners, and shows it until what ran before is proven', async () => {
    const { id, played, place } = await failed();
    const refused = await gatehouse.as('ben', 'POST', `/v1/requests/${id}/rollback`);
    expect(refused.status).toBe(404);
    const asker = await gatehouse.as('ada', 'POST', `/v1/requests/${id}/rollback`);
    expect([asker.status, asker.text('detail')]).toEqual([
      403,
      expect.stringContaining('owners of the application'),
    ]);
    const taken = await gatehouse.as('omar', 'POST', `/v1/requests/${id}/rollback`);
    expect([taken.status, taken.text('message')]).toEqual([200, 'noted']);
    expect(gatehouse.workflows.commands.at(-1)).toMatchObject({
      workflowId: 'promotion/shop/prod',
      command: 'rollback',
    });
    const status = () => gatehouse.as('omar', 'GET', `/v1/requests/${id}`);
    expect((await status()).body).toMatchObject({ status: 'rolling-back', targets: [{ state: 'pending' }] });
    await gatehouse.ledger.worker.placeHold(id, {
      holdId: `hold-${id}`,
      scope: { application: 'shop', environment: 'prod' },
      cause: id,
    });
    await played.startPlace(place);
    await played.effect(`${place}:revert`, { iid: 99, url: 'https://gitlab.example.com/mr/99' });
    expect((await status()).body).toMatchObject({
      status: 'rolling-back',
      targets: [{ state: 'running' }],
      promotion: { places: [{ step: 'reverting', revert: { name: '!99' } }] },
      waitingFor: [{ condition: expect.stringContaining('taken back in Git; not proven to run yet') }],
    });
    const { worker } = gatehouse.ledger;
    for (const check of ['reverted/delivered/shop-prod', 'reverted/soaked']) {
      await worker.passCheck(id, { key: `${place}:${check}`, system: 'argocd', readBack: {} });
    }
    await worker.endTarget(id, { target: place, outcome: 'done' });
    expect((await status()).body).toMatchObject({
      status: 'running',
      promotion: { isRolledBack: true, places: [{ step: 'reverted' }] },
    });
    await played.end('rolled-back');
    expect((await status()).body).toMatchObject({ status: 'rolled-back' });
    const late = await gatehouse.as('omar', 'POST', `/v1/requests/${id}/rollback`);
    expect([late.status, late.text('remedy')]).toEqual([
      409,
      expect.stringContaining('gatehouse rollback shop/prod --reason'),
    ]);
    await worker.endTarget(id, { target: place, outcome: 'done' });
    await gatehouse.as('olga', 'POST', `/v1/holds/hold-${id}/release`);
  });

  it('is not taken back before anything was begun, and a fleet never is', async () => {
    const id = (await ask({ application: 'shop', to: 'prod' })).text('id');
    const early = await gatehouse.as('omar', 'POST', `/v1/requests/${id}/rollback`);
    expect([early.status, early.text('remedy')]).toEqual([
      409,
      expect.stringContaining(`gatehouse cancel ${id}`),
    ]);
    expect(await gatehouse.entries(id, 'command.given')).toEqual([]);
    await end(id);
    const fleet = await gatehouse.ask('no-rollback');
    for (const command of ['rollback', 'accept']) {
      const answer = await gatehouse.as('olga', 'POST', `/v1/requests/${fleet}/${command}`);
      expect([answer.status, answer.text('type')]).toEqual([409, 'urn:gatehouse:problem:command-refused']);
    }
  });

  it('goes on when an operator has looked himself', async () => {
    const { id, place } = await failed();
    expect((await gatehouse.as('omar', 'POST', `/v1/requests/${id}/accept`)).status).toBe(403);
    const answer = await gatehouse.as('olga', 'POST', `/v1/requests/${id}/accept`, { targets: [place] });
    expect(answer.status).toBe(200);
    expect(gatehouse.workflows.commands.at(-1)).toMatchObject({
      command: 'accept',
      body: { targets: [place] },
    });
    expect((await gatehouse.as('olga', 'GET', `/v1/requests/${id}`)).at('status')).toBe('running');
    await end(id);
  });

  it('whose workflow is gone is started again as what it is', async () => {
    const { id, place } = await failed();
    gatehouse.workflows.started.length = 0;
    gatehouse.workflows.outcome = { state: 'absent' };
    gatehouse.workflows.afterStart = { state: 'answered', answer: { accepted: true, message: 'noted' } };
    const answer = await gatehouse.as('olga', 'POST', `/v1/requests/${id}/retry`, { targets: [place] });
    gatehouse.workflows.outcome = { state: 'answered', answer: { accepted: true, message: 'noted' } };
    expect(answer.status).toBe(200);
    expect(gatehouse.workflows.started).toMatchObject([{ workflowType: 'promotion', requestId: id }]);
    await end(id);
  });
});

describe('an installation without paths', () => {
  it('says that it promotes nothing, and shows nothing of it', async () => {
    const without = await Gatehouse.start();
    try {
      const asked = await without.as('ada', 'POST', '/v1/requests', {
        kind: 'Promotion',
        application: 'shop',
        to: 'prod',
      });
      expect([asked.status, asked.text('type')]).toEqual([404, 'urn:gatehouse:problem:no-promotions']);
      const places = ['environments', 'environments/shop', 'figures', 'changes'];
      for (const place of places) {
        const answer = await without.as('olga', 'GET', `/v1/${place}`);
        expect([place, answer.at('type')]).toEqual([place, 'urn:gatehouse:problem:no-promotions']);
      }
      const openapi = await without.call({ method: 'GET', url: '/v1/openapi.json' });
      const told = ['"Promotion"', '/v1/environments', '/rollback'];
      expect(told.filter((text) => openapi.raw.includes(text))).toEqual([]);
      const other = await gatehouse.call({ method: 'GET', url: '/v1/openapi.json' });
      expect(told.filter((text) => !other.raw.includes(text))).toEqual([]);
    } finally {
      await without.stop();
    }
  });
});

describe('people who are asked again after the work has begun', () => {
  it('are waited for, and no machine is said to work meanwhile', async () => {
    const id = (await ask({ application: 'basket', to: 'prd' })).text('id');
    const played = await PlayedPromotion.of(gatehouse, id);
    await played.plan();
    await played.agree();
    await played.startPlace('basket/prd/north');
    // what would be merged has changed: a new epoch, and the gate opens once more
    await played.plan(webRelease('b'));
    const status = await gatehouse.as('omar', 'GET', `/v1/requests/${id}`);
    expect(status.body).toMatchObject({ status: 'waiting', epoch: 2, waitingFor: [{ gate: 'owner' }] });
    expect(status.at('times.stages')).toContainEqual(
      expect.objectContaining({ stage: 'asking', kind: 'waiting' }),
    );
  });

  it('are not asked before what they look at is there', async () => {
    const id = (await ask({ application: 'shop', to: 'prod' })).text('id');
    const played = await PlayedPromotion.of(gatehouse, id);
    await played.plan(webRelease('a'), { open: [] });
    const status = await gatehouse.as('omar', 'GET', `/v1/requests/${id}`);
    expect(status.body).toMatchObject({
      status: 'planning',
      waitingFor: [{ condition: expect.stringContaining('being proposed'), next: 'the gates open' }],
    });
  });
});
