/** Letters and webhooks: told once, told again under the same id when an answer was lost, and of nothing that nobody proved. */
import Type from 'typebox';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { groupOf, personOf } from '../../../sandbox/world.js';
import { entriesOfType } from '../../../src/domain/record.js';
import type { Subject } from './effect-stage.js';
import { FleetStage } from './fleet-stage.js';

const Mails = Type.Object({
  mails: Type.Array(
    Type.Object({
      to: Type.Array(Type.String()),
      subject: Type.String(),
      text: Type.String(),
      headers: Type.Record(Type.String(), Type.String()),
    }),
  ),
});
const Webhooks = Type.Object({
  deliveries: Type.Array(Type.Object({ id: Type.String(), times: Type.Integer() })),
});
const OPENED = { gate: 'procurement', epoch: 1, kind: 'opened', number: 0 } as const;

let stage: FleetStage;
beforeAll(async () => {
  stage = await FleetStage.open(8);
});
afterEach(async () => {
  await stage.standIns.control('tickets').removeFaults();
  await stage.standIns.control('mail').settings({ down: false });
});
afterAll(() => stage?.close());

const notifyGate = ({ requestId }: Subject, notice: object = OPENED): Promise<unknown> =>
  stage.run('notifications', 'notifyGate', { requestId, notice });
const mailsOf = async ({ requestId }: Subject) =>
  (await stage.standIns.control('mail').objects(Mails)).mails.filter(({ text }) => text.includes(requestId));
const webhooksOf = async ({ requestId }: Subject) =>
  (await stage.standIns.control('tickets').objects(Webhooks)).deliveries.filter(({ id }) =>
    id.startsWith(requestId),
  );
const remindersOf = async ({ requestId }: Subject) =>
  entriesOfType(await stage.entries(requestId), 'gate.reminded').map(({ body }) => body);

describe('a gate that has opened', () => {
  it('is told to the members of its group and to every webhook, once', async () => {
    const subject = await stage.ask({ approved: false });
    await notifyGate(subject);
    await notifyGate(subject);
    const [mail, ...others] = await mailsOf(subject);
    expect(others).toEqual([]);
    const members = groupOf(stage.world, 'procurement').members.map(({ id }) => id);
    expect(mail?.to).toContain(personOf(stage.world, 'ben').mail);
    expect(mail?.to.length).toBeLessThanOrEqual(members.length);
    expect(await webhooksOf(subject)).toMatchObject([{ times: 1 }]);
    expect(await remindersOf(subject)).toMatchObject([OPENED]);
  });

  it.each(['before', 'after'] as const)(
    'a webhook that is cut %s is sent again under the same id',
    async (when) => {
      const subject = await stage.ask({ approved: false });
      const control = stage.standIns.control('tickets');
      await control.addFault({ id: 'cut', match: { path: '/hooks/' }, when, kind: 'cut' });
      await expect(notifyGate(subject)).rejects.toMatchObject({ name: 'SystemError' });
      expect(await remindersOf(subject)).toEqual([]);
      await notifyGate(subject);
      expect(await webhooksOf(subject)).toMatchObject([{ times: when === 'before' ? 1 : 2 }]);
      expect(await mailsOf(subject)).toHaveLength(1);
      expect(await remindersOf(subject)).toMatchObject([OPENED]);
    },
  );

  it('a mail that cannot be sent is sent later, and only then counts as told', async () => {
    const subject = await stage.ask({ approved: false });
    await stage.standIns.control('mail').settings({ down: true });
    await expect(notifyGate(subject)).rejects.toMatchObject({ name: 'SystemError' });
    expect(await remindersOf(subject)).toEqual([]);
    await stage.standIns.control('mail').settings({ down: false });
    await notifyGate(subject);
    expect(await mailsOf(subject)).toHaveLength(1);
    expect(await remindersOf(subject)).toMatchObject([OPENED]);
  });
});

describe('what the ledger does not prove', () => {
  it.each([
    ['a gate that is not there', { ...OPENED, gate: 'nobody' }],
    ['a reminder that is not due', { ...OPENED, kind: 'reminder', number: 1 }],
    ['a gate of another epoch', { ...OPENED, epoch: 7 }],
  ])('%s: nobody is told, and an alarm is raised', async (_, notice) => {
    const subject = await stage.ask({ untouched: true, approved: false });
    await notifyGate(subject, notice);
    expect(await mailsOf(subject)).toEqual([]);
    expect(await webhooksOf(subject)).toEqual([]);
    expect(await remindersOf(subject)).toEqual([]);
  });

  it('an end that the request has not come to: nobody is told until it has', async () => {
    const subject = await stage.ask();
    const { requestId } = subject;
    const notify = (): Promise<unknown> =>
      stage.run('notifications', 'notifyRequest', { requestId, event: 'request-ended' });
    await notify();
    expect(await mailsOf(subject)).toEqual([]);
    const alarms = entriesOfType(await stage.entries(requestId), 'alarm.raised');
    expect(alarms.map(({ body }) => body.alarm)).toEqual(['result-contradicts-ledger']);
    await stage.ledger.worker.endRequest(requestId, { outcome: 'cancelled', message: 'over' });
    await notify();
    expect(await mailsOf(subject)).toMatchObject([{ to: [personOf(stage.world, 'ada').mail] }]);
  });
});
