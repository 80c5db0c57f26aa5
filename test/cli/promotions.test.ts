/** The commands of promotions as processes, against the real API on a real ledger. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gatehouse, type PersonName } from '../api/gatehouse.js';
import { PlayedPromotion, promotionDeps, WEB, webRelease } from '../api/promotions.js';
import { CliFolder, type Ran } from './run-cli.js';

let gatehouse: Gatehouse;
let folder: CliFolder;
let url: string;

beforeAll(async () => {
  gatehouse = await Gatehouse.start(promotionDeps());
  url = await gatehouse.app.listen({ host: '127.0.0.1', port: 0 });
  folder = new CliFolder();
});
afterAll(async () => {
  folder.remove();
  await gatehouse.stop();
});

async function as(person: PersonName, ...args: readonly string[]): Promise<Ran> {
  const token = folder.file(`${person}.token`, await gatehouse.token(person));
  return folder.run(args, { GATEHOUSE_URL: url, GATEHOUSE_TOKEN_FILE: token });
}

/** The open promotion of an environment, as soon as somebody has asked for it. */
async function opened(application: string, environment: string): Promise<PlayedPromotion> {
  let id: string | undefined;
  await expect
    .poll(async () => {
      const open = await gatehouse.ledger.api.findOpenByWorkflowId(`promotion/${application}/${environment}`);
      id = open?.requestId;
      return id;
    })
    .toBeDefined();
  return PlayedPromotion.of(gatehouse, id ?? '');
}

/** Asks by the command while the test plays the worker. */
async function promoted(
  letter: string,
  ...more: readonly string[]
): Promise<{ ran: Ran; played: PlayedPromotion }> {
  const running = as('ada', 'promote', 'shop', '--to', 'prod', ...more);
  const played = await opened('shop', 'prod');
  await played.plan(webRelease(letter));
  return { ran: await running, played };
}

describe('promote', () => {
  it('asks, waits for the plan, and says what is waited for', async () => {
    const { ran, played } = await promoted(
      'a',
      '--image',
      `${WEB}@sha256:${'a'.repeat(64)}`,
      '--ticket',
      'CHG1',
    );
    const id = played.requestId;
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toBe(`${id}  waiting for owner (0 of 1)   https://gatehouse.example.com/r/${id}\n`);
    expect(ran.code).toBe(3);
    const [accepted] = await gatehouse.entries(id, 'request.accepted');
    expect(JSON.parse(accepted?.body.document ?? '')).toMatchObject({
      ticket: 'CHG1',
      content: { asked: { images: { [WEB]: `sha256:${'a'.repeat(64)}` } } },
    });
    await played.bring();
  });

  it('takes the same from a file', async () => {
    const file = folder.file(
      'shop.yaml',
      'apiVersion: gatehouse/v1\nkind: Promotion\nmetadata: {name: shop}\nspec: {to: prod}\n',
    );
    const running = as('ada', 'apply', '-f', file);
    const played = await opened('shop', 'prod');
    await played.plan();
    expect((await running).code).toBe(3);
    await played.end('cancelled');
  });

  it.each([
    [['--image', 'web'], 'nothing for --image'],
    [['--chart', 'shop@1'], 'nothing for --chart'],
    [['--image', 'web=1', '--image', 'web=2'], 'names web twice'],
    [['--exception', 'haste'], 'Allowed choices are hotfix, break-glass, rollback'],
    [['--exception', 'break-glass'], 'A break-glass needs a reason'],
    [['--exception', 'hotfix', '--reason', 'it burns'], 'no policy allows this exception'],
  ] as const)('refuses %j', async (args, why) => {
    const ran = await as('ada', 'promote', 'shop', '--to', 'prod', ...args);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining(why)]);
  });

  it('names what is near to a name that nobody knows', async () => {
    const ran = await as('ada', 'promote', 'shop', '--to', 'prd');
    expect(ran.stderr).toContain('body.to: "prd" is not an environment of shop: did you mean "prod"?');
  });

  it('shows where it stands, why it waits and what is next', async () => {
    const { played } = await promoted('b');
    const id = played.requestId;
    const [place = ''] = played.places;
    const waiting = await as('omar', 'status', id);
    expect(waiting.code).toBe(3);
    expect(waiting.stdout.split('\n')).toEqual([
      expect.stringMatching(/^WAITING {2}0 of 1 done\./),
      `shop: dev → prod  web@sha256:${'b'.repeat(12)}`,
      'change record CHG0031415 https://servicenow.example.com/CHG0031415',
      expect.stringMatching(
        /^· shop\/prod\/prod {2}proposed {2}\d+s {2}.*https:\/\/gitlab\.example\.com\/.*\/42$/,
      ),
      expect.stringMatching(/^◔ owner {2}0 of 1 {2}open \d+s {2}group shop-owners decides$/),
      `Whoever may decide: gatehouse approve ${id} --gate owner`,
      '',
    ]);
    await played.agree();
    await played.startPlace(place);
    await played.merge(place);
    const delivering = await as('omar', 'status', id);
    expect(delivering.stdout).toContain(
      'for the controller: shop/prod/prod: merged, not proven to run yet: Argo CD on harbour-02. Next: the checks, then the soak.',
    );
    await played.prove(place);
    const watching = as('omar', 'status', id, '--watch');
    await played.end('done');
    const ran = await watching;
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(new RegExp(`^${id} {2}shop/prod/prod {2}proven`, 'm'));
  });
});

describe('deciding on a promotion', () => {
  it('lists it, shows what is asked, and takes the decision', async () => {
    const { played } = await promoted('c');
    const id = played.requestId;
    const inbox = await as('omar', 'inbox');
    expect(inbox.stdout).toMatch(new RegExp(`^${id} {2}owner {2}shop to prod {2}1 place `, 'm'));
    const decided = await as('omar', 'approve', id, '--gate', 'owner', '--yes');
    expect([decided.code, decided.stdout]).toEqual([0, expect.stringContaining(`Approved: ${id}`)]);
    await played.end('cancelled');
  });
});

describe('taking back', () => {
  it('stops the open promotion of an environment', async () => {
    const { played } = await promoted('d');
    await played.agree();
    await played.startPlace('shop/prod/prod');
    await played.merge('shop/prod/prod');
    await played.fail('shop/prod/prod');
    const failed = await as('olga', 'status', played.requestId);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain(`gatehouse retry ${played.requestId} --place shop/prod/prod`);
    expect(failed.stdout).toContain(`gatehouse rollback ${played.requestId}`);
    const accepted = await as('olga', 'accept', played.requestId, '--place', 'shop/prod/prod');
    expect(accepted.code).toBe(0);
    const ran = await as('omar', 'rollback', 'shop/prod');
    expect([ran.code, ran.stdout]).toEqual([0, `${played.requestId}  noted\n`]);
    expect(gatehouse.workflows.commands.at(-1)).toMatchObject({ command: 'rollback' });
    await played.effect('shop/prod/prod:revert', {});
    for (const check of ['reverted/delivered/shop-prod', 'reverted/soaked']) {
      const key = `shop/prod/prod:${check}`;
      await gatehouse.ledger.worker.passCheck(played.requestId, { key, system: 'argocd', readBack: {} });
    }
    await played.end('rolled-back');
    const ended = await as('omar', 'status', played.requestId);
    expect([ended.code, ended.stdout]).toEqual([1, expect.stringMatching(/^ROLLED BACK /)]);
  });

  it('asks for what ran before when nothing is open', async () => {
    // a, then b were proven; c and d were not
    const silent = await as('ada', 'rollback', 'shop/prod');
    expect([silent.code, silent.stderr]).toEqual([1, expect.stringContaining('--reason')]);
    expect(silent.stderr).toContain(`web@sha256:${'a'.repeat(12)}`);
    const running = as('ada', 'rollback', 'shop/prod', '--reason', 'the till is slow');
    const played = await opened('shop', 'prod');
    const [accepted] = await gatehouse.entries(played.requestId, 'request.accepted');
    expect(JSON.parse(accepted?.body.document ?? '')).toMatchObject({
      policy: { name: 'any-rollback' },
      content: {
        exception: 'rollback',
        asked: { commit: 'a'.repeat(40), images: { [WEB]: `sha256:${'a'.repeat(64)}` } },
      },
    });
    await played.plan(webRelease('a'), { open: ['on-call'] });
    expect((await running).code).toBe(3);
    await played.end('cancelled');
  });

  it('says what there is when it cannot', async () => {
    const unknown = await as('ada', 'rollback', 'shop/prd');
    expect(unknown.stderr).toContain('It has shop/dev, shop/prod.');
    const first = await as('ada', 'rollback', 'basket/prd', '--reason', 'x');
    expect(first.stderr).toContain('Nothing else was proven in basket/prd before');
    const fleet = await as('olga', 'rollback', await gatehouse.ask('never-back'));
    expect(fleet.stderr).toContain('is no promotion');
  });
});

describe('holds', () => {
  it('are placed, listed and released', async () => {
    const placed = await as(
      'omar',
      'hold',
      '--application',
      'shop',
      '--environment',
      'prod',
      '--reason',
      'Friday',
    );
    expect(placed.code).toBe(0);
    const [, holdId = ''] = /^(hold-\S+) {2}changes of shop\/prod are held\./.exec(placed.stdout) ?? [];
    const listed = await as('ada', 'holds');
    expect(listed.stdout).toMatch(new RegExp(`^${holdId} {2}shop/prod {2}\\d+s ago {2}Friday$`, 'm'));
    const table = await as('ada', 'environments', 'shop');
    expect(table.stdout).toContain(`shop/prod is held (Friday): gatehouse release ${holdId}`);
    expect((await as('ada', 'release', holdId)).stderr).toContain('Only operators and the owners of shop');
    const released = await as('omar', 'release', holdId);
    expect(released.stdout).toBe(`${holdId}  changes of shop/prod go on, unless something else holds them\n`);
    expect((await as('ada', 'holds')).stdout).toBe('Nothing is held.\n');
  });
});

describe('what runs where', () => {
  it('stands side by side', async () => {
    const ran = await as('omar', 'environments', 'shop');
    expect(ran.code).toBe(0);
    const lines = ran.stdout.split('\n');
    expect(lines[0]).toMatch(/^shop +dev +prod$/);
    expect(lines[1]).toMatch(/^web +sha256:d{12} +sha256:b{12}$/);
    expect(ran.stdout).toContain('dev and prod differ in image web.');
    expect((await as('omar', 'environments')).stdout).toContain('sbx → dev → stg → prd');
    expect((await as('ben', 'environments')).stdout).toBe('No applications that you may see.\n');
  });

  it('has figures and a log of changes', async () => {
    const figures = await as('ivo', 'figures', '--application', 'shop');
    expect(figures.stdout).toMatch(/^shop\/prod +3 \(/m);
    const changes = await as('ivo', 'changes');
    expect(changes.stdout).toMatch(/shop\/prod +DONE .*web@sha256:a{12}/);
    const csv = await as('ivo', 'changes', '--csv', '--from', '2026-01-01');
    expect(csv.stdout).toMatch(/^at,application,environment,release/);
    expect((await as('ivo', 'changes', '--to', '2020-01-01')).stdout).toBe(
      'Nothing was changed in this time.\n',
    );
  });
});

it('says that an installation without paths promotes nothing', async () => {
  const without = await Gatehouse.start();
  try {
    const there = await without.app.listen({ host: '127.0.0.1', port: 0 });
    const token = folder.file('without.token', await without.token('ada'));
    const env = { GATEHOUSE_URL: there, GATEHOUSE_TOKEN_FILE: token };
    for (const args of [['promote', 'shop', '--to', 'prod'], ['environments', 'shop'], ['figures']]) {
      const ran = await folder.run(args, env);
      expect([args, ran.code, ran.stderr]).toEqual([
        args,
        1,
        expect.stringContaining('No promotion paths are installed'),
      ]);
    }
  } finally {
    await without.stop();
  }
});
