/** Promotes one service to production, and takes it back, as people of the example world do. */
import { shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import type { AnyEntry } from '../../src/domain/ledger.js';
import { effectKey } from '../../src/domain/plan.js';
import { PROMOTION_OBJECT } from '../../src/domain/promotion/request.js';
import { entriesOfType } from '../../src/domain/record.js';
import { workflowIdOf } from '../../src/domain/request.js';
import { applicationOf } from '../promotion/services.js';
import type { CrashStack } from './crash-stack.js';
import type { Arm, End, Job, Run } from './job.js';
import type { KillPoint, Subject } from './kill-points.js';
import { temporalClosed } from './temporal-closed.js';
import { HANGS_AFTER_MS, untilEntry } from './until-entry.js';

const CHECK_PAGE = '/ready';

/** Every system is called: a change record is approved, a check looks at the result. */
export function crashPathOptions(addresses: Readonly<Record<string, string>>) {
  return {
    changeRecord: true,
    checks: [{ name: 'ready', kind: 'http', url: `${addresses.checks ?? ''}${CHECK_PAGE}` }],
  };
}

/** The page that the check looks at. */
export async function openCheckPage(crash: CrashStack): Promise<void> {
  await crash.control('checks').post('/page', { path: CHECK_PAGE, status: 200, body: 'ready' });
}

export interface CrashService extends Subject {
  readonly name: string;
}

export function crashService(name: string): CrashService {
  return { id: name, name, marks: [{ text: name, placeholder: '{service}' }] };
}

/** Key of the only place of a service in production. */
export function placeOf({ name }: CrashService): string {
  return `${name}/prod/prod`;
}

/** A service to production, until it is proven. */
export function promoting(crash: CrashStack): Job<CrashService> {
  return {
    inTurns: writesBranch,
    async begin(service, arm) {
      await arm(undefined);
      const requestId = await ask(crash, service);
      await arm(requestId);
      return run(crash, service, requestId, () => agree(crash, requestId));
    },
  };
}

/** A service to production that does not come up there, and back: from the moment in which a person says so. */
export function takingBack(crash: CrashStack): Job<CrashService> {
  const degraded = new Set<string>();
  const show = async (): Promise<void> => {
    const applications = Object.fromEntries([...degraded].map((name) => [name, { degraded: true }]));
    await crash.control('kubernetes').post('/settings', { applications });
  };
  return {
    inTurns: writesBranch,
    async begin(service, arm) {
      const application = applicationOf(service.name, 'prod');
      degraded.add(application);
      await show();
      const requestId = await ask(crash, service);
      await agree(crash, requestId);
      await untilEntry(crash, requestId, (entries) => isMerged(entries, service));
      return run(crash, service, requestId, async () => {
        await rollBack(crash, requestId, arm);
        degraded.delete(application);
        await show();
      });
    },
  };
}

/** All services are in one repository: writers of its branch take turns. */
function writesBranch({ caller }: KillPoint): boolean {
  return caller.endsWith(' ensureMerge') || caller.endsWith(' ensureRevert');
}

async function ask(crash: CrashStack, { name }: CrashService): Promise<string> {
  return crash.api.promote(shopPromotionText({}, name));
}

/** The owner agrees, and so does change management, once they are asked. */
async function agree(crash: CrashStack, requestId: string): Promise<void> {
  await untilEntry(crash, requestId, (entries) => entriesOfType(entries, 'gate.opened').at(0));
  await crash.api.decide('ben', requestId, 'owner', 'approve');
  await crash.control('servicenow').post('/approval', { change: requestId, approval: 'approved' });
}

async function rollBack(crash: CrashStack, requestId: string, arm: Arm): Promise<void> {
  await arm(undefined);
  await arm(requestId);
  await crash.api.call('olga', 'POST', `/v1/requests/${requestId}/rollback`);
  await untilEntry(crash, requestId, (entries) => entriesOfType(entries, 'hold.placed').at(0));
}

function isMerged(entries: readonly AnyEntry[], service: CrashService): true | undefined {
  const key = effectKey(placeOf(service), PROMOTION_OBJECT.merge);
  const merged = entriesOfType(entries, 'effect.completed').some(({ body }) => body.key === key);
  return merged ? true : undefined;
}

function run(
  crash: CrashStack,
  subject: CrashService,
  requestId: string,
  act: () => Promise<void>,
): Run<CrashService> {
  const carryOn = async (): Promise<End> => {
    try {
      await act();
      const end = await untilEntry(crash, requestId, (entries) =>
        entriesOfType(entries, 'request.ended').at(-1),
      );
      await temporalClosed(crash.stack, workflowIdOf.promotion(subject.name, 'prod'), HANGS_AFTER_MS);
      return { status: end.body.outcome, message: end.body.message };
    } catch (error) {
      return { status: 'not finished', message: error instanceof Error ? error.message : String(error) };
    }
  };
  return { subject, requestId, carryOn };
}
