/** The database refuses what a reader would not take: once appended, it would stay for good. */
import Type, { type TSchema } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENTRY_SHAPES, isBodyOf, isEntryType } from '../../src/ledger/entry-shapes.js';
import { patternOf } from '../../src/ledger/shape-faults.js';
import { permitted } from './fixtures.js';
import { type FreshLedger, freshLedger } from './fresh-ledger.js';

let ledger: FreshLedger;
let requestId: string;
beforeAll(async () => {
  ledger = await freshLedger();
  requestId = await permitted(ledger);
});
afterAll(() => ledger.close());

const TEXTS = ['2026-12-01T08:00:00.000Z', 'a'.repeat(64), 'text'];
const STRANGERS: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  'zz',
  '',
  [],
  [[]],
  [null],
  [['text']],
  [{}],
  {},
  { a: null },
  { a: ['text'] },
];

/** A value that a shape takes, with everything that may be left out. */
function example(shape: TSchema): unknown {
  if (Type.IsObject(shape)) {
    return Object.fromEntries(Object.entries(shape.properties).map(([name, part]) => [name, example(part)]));
  }
  if (Type.IsArray(shape)) return [example(shape.items), example(shape.items)];
  if (Type.IsRecord(shape)) return { a: 'text', b: 1, c: true };
  if (Type.IsUnion(shape)) return shape.anyOf[0] === undefined ? undefined : example(shape.anyOf[0]);
  if (Type.IsLiteral(shape)) return shape.const;
  if (Type.IsInteger(shape)) return 1;
  if (Type.IsBoolean(shape)) return true;
  if (Type.IsString(shape)) {
    const pattern = patternOf(shape);
    return TEXTS.find((text) => pattern === undefined || new RegExp(pattern).test(text));
  }
  return undefined;
}

/** Every value with one place of it left out, or another value there. */
function* variants(value: unknown): Generator<unknown> {
  for (const stranger of STRANGERS) yield stranger;
  if (Array.isArray(value)) {
    for (const other of variants(value[0])) yield [value[0], other];
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
      for (const other of variants(part)) yield { ...value, [name]: other };
    }
    yield { ...value, unknownField: 1 };
  }
}

it.each(Object.entries(ENTRY_SHAPES))(
  '%s: database and readers take the same bodies',
  async (type, shape) => {
    const bodies = [example(shape), ...variants(example(shape))];
    expect(isEntryType(type) && isBodyOf(type, bodies[0])).toBe(true);
    const texts = bodies.map((body) => JSON.stringify(body));
    const rows = await ledger.database('owner').query(
      'judge',
      `select body.text, exists (
       select 1 from gatehouse.entry_shape s where s.type = $1 and body.text::jsonb @? s.fault) as wrong
     from unnest($2::text[]) with ordinality as body (text, n) order by n`,
      [type, texts],
    );
    const differing = texts.filter((text, i) => {
      const taken = isEntryType(type) && isBodyOf(type, JSON.parse(text));
      return taken !== (rows[i]?.wrong === false);
    });
    expect(differing).toEqual([]);
    expect(rows.filter((row) => row.wrong === true).length).toBeGreaterThan(10);
  },
);

describe('a login that calls a function of its own by hand', () => {
  const refused = { name: 'LedgerRefused', reason: 'malformed' };
  it.each([
    ['worker', `place_hold(null, '{"holdId":"h","scope":{"application":5}}')`],
    ['worker', `worker_append('gate.opened', $1, '{"gate":"x","epoch":null}')`],
    ['worker', `worker_append('gate.opened', $1, '{"gate":"x","epoch":1,"openedAt":"soon"}')`],
    [
      'worker',
      `worker_append('gate.opened', $1, '{"gate":"x","epoch":1,"openedAt":"2026-12-01T08:00:00.000Z","due":"+010000-01-01T00:00:00.000Z"}')`,
    ],
    ['worker', `worker_append('request.ended', $1, '{"outcome":"won","message":""}')`],
    ['worker', `raise_alarm(null, '{"alarm":"made-up","detail":"","count":1}')`],
    ['worker', `judge_ref('{"project":"p","branch":"b","commit":1}', '{}')`],
    ['worker', `record_plan($1, '{"epoch":2,"plan":{}}')`],
    ['worker', `place_hold(null, null)`],
    ['api', `api_append('key.revoked', null, '{"kid":null}')`],
    ['api', `api_append('call.refused', null, '{"route":[],"status":1,"reason":""}')`],
    ['api', `api_append(null, null, '{}')`],
    [
      'api',
      `record_command($1, '{"commandId":"c","command":"explode","targets":[],"by":{"kind":"person","id":"p"}}', 'x', '{}', 0)`,
    ],
    ['api', `revoke_request($1, '{"by":"me"}', null, null)`],
    [
      'api',
      `accept_request('req-x', '{"workflowId":"w","contentHash":"c"}', '{}', 'start', '{}', null, null, null, null)`,
    ],
  ] as const)('%s: %s', async (role, call) => {
    const { seq } = await ledger.api.head();
    const values = call.includes('$1') ? [requestId] : [];
    await expect(
      ledger.database(role).query('try', `select gatehouse.${call}`, values),
    ).rejects.toMatchObject(refused);
    expect((await ledger.api.head()).seq).toBe(seq);
  });

  it('the owner neither, past the functions', async () => {
    await expect(
      ledger
        .database('owner')
        .query('try', `insert into gatehouse.entry (type, body) values ('key.revoked', '{}')`),
    ).rejects.toMatchObject(refused);
  });
});
