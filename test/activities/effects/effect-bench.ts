/**
 * What every effect owes, proven for each by the same tests: the calls that it makes, twice is once, one object after a cut
 * before or after any of its calls, and that it asks the guard. What the guard refuses, and that it lets one attempt in at a
 * time, is proven at the guard (test/activities/guard). A new effect is one `EffectSpec`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { effectKey } from '../../../src/domain/plan.js';
import { entriesOfType } from '../../../src/domain/record.js';
import type { Moment } from './breakable-ledger.js';
import {
  type EffectStage,
  type StandInName,
  type Subject,
  SYSTEMS,
  type SystemEvent,
} from './effect-stage.js';

type Queue = Parameters<EffectStage['run']>[0];

export interface Activity {
  readonly queue: Queue;
  readonly name: string;
  /** what happens when it was made for another effect that comes after it */
  readonly then?: (subject: Subject) => Promise<unknown>;
  /** the target that it is of; default: that of the subject */
  readonly targetOf?: (subject: Subject) => string;
}

export interface EffectSpec extends Activity {
  /** with the target it makes the effect key */
  readonly object: string;
  /** effects that come before it */
  readonly after: readonly Activity[];
  /** what has happened between them and it */
  readonly given?: (subject: Subject) => Promise<unknown>;
  /** default: after the gates */
  readonly phase?: 'proposal' | 'tidying';
  /**
   * its calls in a clean run, `<stand-in> <operation>`, any order; one that is named twice is cut the first and the second
   * time. A read that is lost on its way and one whose answer is lost are the same, so it is cut once
   */
  readonly reads: readonly string[];
  /** those that change something: cut before and after it */
  readonly writes: readonly string[];
  /** what holds at the systems whenever it was made; throws */
  readonly proof?: (subject: Subject) => Promise<unknown>;
  /** what it leaves at the systems: how many of each kind, e.g. `{'otterize organization': 1}` */
  readonly leaves: Readonly<Record<string, number>>;
  /** default `created` */
  readonly outcome?: 'created' | 'changed';
  /** where the effect makes several objects, a later attempt may find some of them; default: as `outcome` */
  readonly outcomeAfterCut?: readonly string[];
  /** what a second run says; default: the same as the first */
  readonly again?: unknown;
  /** what a system does beside its default, e.g. shows a secret once */
  readonly when?: {
    readonly words: string;
    readonly system: StandInName;
    readonly on: Settings;
    readonly off: Settings;
  };
}

type Settings = Readonly<Record<string, unknown>>;

/**
 * Declares the tests of one effect.
 * @param stageOf the stage of the file, once it is open
 */
export function proveEffect(spec: EffectSpec, stageOf: () => EffectStage): void {
  const { queue, name, object, after, outcome = 'created' } = spec;
  const oneMade = [expect.toBeOneOf([...(spec.outcomeAfterCut ?? [outcome])])];

  const make = (subject: Subject): Promise<unknown> => stageOf().run(queue, name, refOf(subject, spec));
  /** asked, approved, and everything made that comes before */
  const ready = async (): Promise<Subject> => {
    const subject = await stageOf().ask();
    for (const before of after) {
      await stageOf().run(before.queue, before.name, refOf(subject, before));
      await before.then?.(subject);
    }
    await spec.given?.(subject);
    return subject;
  };
  /** outcomes as the ledger has them */
  const completions = async (subject: Subject) => {
    const key = effectKey(refOf(subject, spec).target, object);
    const entries = entriesOfType(await stageOf().entries(subject.requestId), 'effect.completed');
    return entries.filter(({ body }) => body.key === key).map(({ body }) => body.outcome);
  };

  describe(spec.when === undefined ? name : `${name} where ${spec.when.words}`, () => {
    beforeAll(async () => {
      if (spec.when !== undefined) await stageOf().control(spec.when.system).settings(spec.when.on);
    });
    afterAll(async () => {
      if (spec.when !== undefined) await stageOf().control(spec.when.system).settings(spec.when.off);
    });

    it('makes what was planned by these calls; twice is once', async () => {
      const stage = stageOf();
      const subject = await ready();
      const before = await stage.marks();
      const first = await make(subject);
      const done = await stage.since(before);
      expect(callsOf(done)).toEqual([...new Set([...spec.reads, ...spec.writes])].sort());
      expect(leftBy(done)).toEqual(spec.leaves);
      await spec.proof?.(subject);
      const between = await stage.marks();
      expect(await make(subject)).toEqual(spec.again ?? first);
      expect(writesOf(await stage.since(between))).toEqual([]);
      expect(await completions(subject)).toEqual([outcome]);
    });

    it.each(cutsOf(spec))(
      'cut $when $call ($nth), it leaves one object',
      async ({ system, operation, nth, when }) => {
        const stage = stageOf();
        const subject = await ready();
        const before = await stage.marks();
        await stage
          .control(system)
          .addFault({ id: 'cut', match: { operation, caller: '^$' }, skip: nth - 1, when, kind: 'cut' });
        await expect(make(subject)).rejects.toMatchObject({
          name: 'SystemError',
          trouble: { kind: 'unavailable' },
        });
        expect(await completions(subject)).toEqual([]);
        await stage.mend();
        await make(subject);
        expect(leftBy(await stage.since(before))).toEqual(spec.leaves);
        await spec.proof?.(subject);
        expect(await completions(subject)).toEqual(oneMade);
      },
    );

    it('with the worker gone before the ledger has its end, it leaves one object', async () => {
      const stage = stageOf();
      const subject = await ready();
      const before = await stage.marks();
      stage.breakable.breakAt('completeEffect', 'before');
      await expect(make(subject)).rejects.toMatchObject({ name: 'LedgerLost' });
      await make(subject);
      expect(leftBy(await stage.since(before))).toEqual(spec.leaves);
      await spec.proof?.(subject);
      expect(await completions(subject)).toEqual(oneMade);
    });

    const refusedWhen = spec.phase === undefined ? 'nobody has approved it' : 'the request has ended';
    it(`asks the guard: it is refused with an alarm, and asks no system, when ${refusedWhen}`, async () => {
      const stage = stageOf();
      const subject = await stage.ask({ untouched: true, approved: spec.phase !== undefined });
      const { requestId } = subject;
      if (spec.phase !== undefined) {
        await stage.ledger.worker.endRequest(requestId, { outcome: 'cancelled', message: 'over' });
      }
      const before = await stage.marks();
      await expect(make(subject)).rejects.toMatchObject({ name: 'StepFailed', type: 'EffectRefused' });
      // of a target that the request does not name, neither
      await expect(stage.run(queue, name, { requestId, target: stage.unnamed() })).rejects.toMatchObject({
        type: 'EffectRefused',
      });
      expect(await stage.since(before)).toEqual([]);
      const types = (await stage.entries(requestId)).map(({ type }) => type);
      expect(types).toContain('alarm.raised');
      expect(types).not.toContain('effect.reserved');
    });
  });
}

export function refOf(subject: Subject, { targetOf }: Pick<Activity, 'targetOf'> = {}) {
  return { requestId: subject.requestId, target: targetOf?.(subject) ?? subject.target };
}

function cutsOf({ reads, writes }: EffectSpec) {
  const cuts = (calls: readonly string[], moments: readonly Moment[]) =>
    calls.flatMap((call, index) => {
      const [name, ...words] = call.split(' ');
      const system = SYSTEMS.find((known) => known === name);
      if (system === undefined) throw new RangeError(`no stand-in ${name}`);
      const nth = calls.slice(0, index + 1).filter((other) => other === call).length;
      return moments.map((when) => ({ call, system, operation: words.join(' '), nth, when }));
    });
  return [...cuts(reads, ['after']), ...cuts(writes, ['before', 'after'])];
}

/** What was called, each once: how often a vault is read depends on its challenges. */
export function callsOf(events: readonly SystemEvent[]): readonly string[] {
  const calls = events
    .filter(({ phase }) => phase === 'request')
    .map(({ from, operation }) => `${from} ${operation}`);
  return [...new Set(calls)].sort();
}

export function writesOf(events: readonly SystemEvent[]): readonly string[] {
  return events
    .filter(({ phase }) => phase === 'effect')
    .map(({ from, effect, object }) => `${from} ${effect} ${object}`);
}

/** Objects made less objects removed, by system and kind, and what was merged. */
export function leftBy(events: readonly SystemEvent[]): Readonly<Record<string, number>> {
  const left: Record<string, number> = {};
  for (const { from, phase, effect, object = '' } of events) {
    const isMerge = effect === 'changed' && object.endsWith(' merged');
    if (phase !== 'effect' || (effect === 'changed' && !isMerge)) continue;
    const [kind = ''] = /^(?:\S+ request|\S+)/.exec(object) ?? [];
    const name = `${from} ${isMerge ? 'merge' : kind}`;
    left[name] = (left[name] ?? 0) + (effect === 'deleted' ? -1 : 1);
  }
  return left;
}
