import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Release } from '../../src/domain/promotion/release.js';
import { Gatehouse } from './gatehouse.js';
import { PlayedPromotion, promotionDeps, WEB, webRelease } from './promotions.js';

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start(promotionDeps());
});
afterAll(() => gatehouse.stop());

const BASKET = 'registry.example.com/shop/basket';

function basket(letter: string, chart: string): Release {
  return {
    images: [{ repository: BASKET, digest: `sha256:${letter.repeat(64)}`, tag: `stg-${letter}` }],
    charts: [{ name: 'basket', version: chart }],
    commit: letter.repeat(40),
  };
}

async function asked(application: string, to: string, more: object = {}): Promise<PlayedPromotion> {
  const answer = await gatehouse.as('ada', 'POST', '/v1/requests', {
    kind: 'Promotion',
    application,
    to,
    ...more,
  });
  return PlayedPromotion.of(gatehouse, answer.text('id'));
}

async function promoted(application: string, to: string, release: Release): Promise<string> {
  const played = await asked(application, to);
  await played.plan(release);
  await played.bring();
  return played.requestId;
}

describe('what runs where', () => {
  it('is what promotions have proven, with what ran before and how neighbours differ', async () => {
    const first = await promoted('basket', 'dev', basket('a', '1.0.0'));
    const later = await promoted('basket', 'stg', basket('a', '1.0.0'));
    const second = await promoted('basket', 'dev', basket('b', '1.1.0'));
    const found = await gatehouse.as('omar', 'GET', '/v1/environments/basket');
    expect(found.body).toMatchObject({
      application: 'basket',
      owners: 'shop-owners',
      environments: [
        // nothing is promoted to the first one: what a plan found there
        {
          name: 'sbx',
          proven: [],
          seen: { requestId: second, release: { line: expect.stringContaining('bbbb') } },
        },
        { name: 'dev', proven: [{ requestId: second }, { requestId: first }], holds: [] },
        { name: 'stg', proven: [{ requestId: later }] },
        { name: 'prd', places: ['north', 'south'], proven: [] },
      ],
      differences: [
        { from: 'sbx', to: 'dev', items: [] },
        {
          from: 'dev',
          to: 'stg',
          items: [
            { kind: 'image', name: BASKET, from: `sha256:${'b'.repeat(64)}`, to: `sha256:${'a'.repeat(64)}` },
            { kind: 'chart', name: 'basket', from: '1.1.0', to: '1.0.0' },
          ],
        },
      ],
    });
  });

  it('stays what it was while another is on its way, and after it was taken back', async () => {
    const before = await promoted('shop', 'prod', webRelease('a'));
    const open = await asked('shop', 'prod', { release: { commit: 'b'.repeat(40) } });
    await open.plan(webRelease('b'));
    const [place = ''] = open.places;
    await open.agree();
    await open.startPlace(place);
    await open.merge(place);
    const running = () => gatehouse.as('ada', 'GET', '/v1/environments/shop');
    expect((await running()).at('environments.1')).toMatchObject({
      proven: [{ requestId: before }],
      open: { requestId: open.requestId, status: 'running', waitsFor: expect.stringContaining('harbour-02') },
    });
    await gatehouse.as('omar', 'POST', `/v1/requests/${open.requestId}/rollback`);
    await open.effect(`${place}:revert`, {});
    for (const check of ['reverted/delivered/shop-prod', 'reverted/soaked']) {
      await gatehouse.ledger.worker.passCheck(open.requestId, {
        key: `${place}:${check}`,
        system: 'argocd',
        readBack: {},
      });
    }
    await open.end('rolled-back');
    const after = (await running()).at('environments.1');
    expect(after).toMatchObject({
      proven: [{ requestId: before, release: { images: [{ repository: WEB }] } }],
    });
    expect(after).not.toHaveProperty('disturbedBy');
  });

  it('says when something was changed and neither proven nor taken back', async () => {
    const left = await asked('shop', 'prod', { release: { commit: 'c'.repeat(40) } });
    await left.plan(webRelease('c'));
    await left.agree();
    await left.startPlace('shop/prod/prod');
    await left.merge('shop/prod/prod');
    await left.end('cancelled');
    const found = await gatehouse.as('ivo', 'GET', '/v1/environments/shop');
    expect(found.at('environments.1.disturbedBy')).toBe(left.requestId);
  });

  it('is for requesters, operators, auditors and owners', async () => {
    for (const person of ['ada', 'olga', 'ivo', 'omar'] as const) {
      const all = await gatehouse.as(person, 'GET', '/v1/environments');
      expect(all.at('applications.application')).toEqual(['shop', 'basket']);
    }
    expect((await gatehouse.as('ben', 'GET', '/v1/environments')).at('applications')).toEqual([]);
    const hidden = await gatehouse.as('ben', 'GET', '/v1/environments/shop');
    const absent = await gatehouse.as('olga', 'GET', '/v1/environments/nothing');
    expect([hidden.status, hidden.at('detail')]).toEqual([404, absent.at('detail')]);
  });
});

describe('figures and changes', () => {
  it('count what reached its environment, and list every promotion', async () => {
    const figures = await gatehouse.as('ivo', 'GET', '/v1/figures?application=basket');
    expect(figures.at('figures')).toMatchObject([
      { environment: 'dev', deployments: 2, changeFailureRate: 0 },
      { environment: 'stg', deployments: 1, changeFailures: 0, leadTime: { total: { count: 1 } } },
    ]);
    const shop = await gatehouse.as('ivo', 'GET', '/v1/figures?application=shop&environment=prod');
    expect(shop.at('figures.0')).toMatchObject({ changeFailures: 1, timeToRestore: { count: 1 } });
    const changes = await gatehouse.as('omar', 'GET', '/v1/changes?environment=prod');
    expect(changes.at('changes.outcome')).toEqual(['done', 'rolled-back', 'cancelled']);
  });

  it('come as a table for spreadsheets', async () => {
    const csv = await gatehouse.as('omar', 'GET', '/v1/changes?application=basket', undefined, {
      accept: 'text/csv',
    });
    expect(csv.headers['content-type']).toContain('text/csv');
    const [head, ...rows] = csv.raw.trimEnd().split('\r\n');
    expect(head).toBe(
      'at,application,environment,release,exception,outcome,requestId,approvers,waitedMs,workedMs',
    );
    expect(rows).toHaveLength(3);
  });

  it('are of a period, and of what the caller may see', async () => {
    const empty = await gatehouse.as('ivo', 'GET', '/v1/changes?to=2020-01-01');
    expect(empty.at('changes')).toEqual([]);
    const wrong = await gatehouse.as('ivo', 'GET', '/v1/figures?from=2026-01-02&to=2026-01-01');
    expect(wrong.status).toBe(400);
    expect((await gatehouse.as('ivo', 'GET', '/v1/figures?from=yesterday')).status).toBe(400);
    expect((await gatehouse.as('ben', 'GET', '/v1/changes')).at('changes')).toEqual([]);
  });
});
