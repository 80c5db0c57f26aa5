/** Time-outs and retries of every activity: one table of named classes, two timing profiles. */
import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  ArgoCdActivities,
  ExternalSecretsActivities,
  GitLabActivities,
  LedgerActivities,
  NotificationActivities,
  OtterizeActivities,
  PlanActivities,
} from '../activities/contracts.js';
import type {
  ChangeRecordActivities,
  DeliveryActivities,
  PromotionGitActivities,
  PromotionLedgerActivities,
  PromotionPlanActivities,
  RegistryActivities,
  VerificationActivities,
} from '../activities/promotion-contracts.js';
import type { SentinelActivities, StrayNotices } from '../activities/sentinel-contracts.js';
import type { ShadowActivities } from '../activities/shadow-contracts.js';
import type { TimingProfile } from '../domain/messages.js';
import { prefixOf, type QueueName, taskQueue } from '../domain/task-queues.js';

type ActivityClass = 'ledger' | 'plan' | 'api' | 'merge' | 'wait' | 'notice';

/**
 * - ledger: our own database; it is back within minutes or somebody is called
 * - plan: reads every system once per target, heartbeats
 * - api: one look-up and at most a few writes at one vendor; a provider may be down for an hour (scheduleToClose 12 h)
 * - merge: plans a place anew, which reads and renders its files, and lands it; as long as that may take, and heartbeats
 * - wait: polls with a heartbeat until a state is reached
 * - notice: mail and chat; losing one after a day harms nobody
 * A lost worker is told of within 30 s: 20 s without a word, and the look of whoever watches.
 * `brisk` is for crash tests: a killed worker is noticed in seconds.
 */
const OPTIONS: Readonly<Record<TimingProfile, Readonly<Record<ActivityClass, ActivityOptions>>>> = {
  standard: {
    ledger: {
      startToCloseTimeout: '30 s',
      scheduleToCloseTimeout: '24 h',
      retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
    },
    plan: {
      startToCloseTimeout: '10 min',
      heartbeatTimeout: '20 s',
      scheduleToCloseTimeout: '12 h',
      retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '1 min' },
    },
    api: {
      startToCloseTimeout: '60 s',
      heartbeatTimeout: '20 s',
      scheduleToCloseTimeout: '12 h',
      retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '1 min' },
    },
    merge: {
      startToCloseTimeout: '10 min',
      heartbeatTimeout: '20 s',
      scheduleToCloseTimeout: '12 h',
      retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '30 s' },
    },
    wait: {
      startToCloseTimeout: '45 min',
      heartbeatTimeout: '20 s',
      scheduleToCloseTimeout: '12 h',
      retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '30 s' },
    },
    notice: {
      startToCloseTimeout: '30 s',
      scheduleToCloseTimeout: '24 h',
      retry: { initialInterval: '5 s', backoffCoefficient: 3, maximumInterval: '30 min' },
    },
  },
  brisk: {
    ledger: {
      startToCloseTimeout: '10 s',
      scheduleToCloseTimeout: '10 min',
      retry: { initialInterval: '200 ms', backoffCoefficient: 1.5, maximumInterval: '2 s' },
    },
    plan: {
      startToCloseTimeout: '60 s',
      heartbeatTimeout: '5 s',
      scheduleToCloseTimeout: '10 min',
      retry: { initialInterval: '200 ms', backoffCoefficient: 1.5, maximumInterval: '2 s' },
    },
    api: {
      startToCloseTimeout: '10 s',
      scheduleToCloseTimeout: '10 min',
      retry: { initialInterval: '200 ms', backoffCoefficient: 1.5, maximumInterval: '2 s' },
    },
    merge: {
      startToCloseTimeout: '60 s',
      heartbeatTimeout: '5 s',
      scheduleToCloseTimeout: '10 min',
      retry: { initialInterval: '200 ms', backoffCoefficient: 1.5, maximumInterval: '2 s' },
    },
    wait: {
      startToCloseTimeout: '5 min',
      heartbeatTimeout: '5 s',
      scheduleToCloseTimeout: '10 min',
      retry: { initialInterval: '200 ms', backoffCoefficient: 1.5, maximumInterval: '2 s' },
    },
    notice: {
      startToCloseTimeout: '10 s',
      scheduleToCloseTimeout: '1 min',
      retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '5 s' },
    },
  },
};

export interface Activities {
  readonly ledger: LedgerActivities & PromotionLedgerActivities;
  readonly plan: PlanActivities & PromotionPlanActivities;
  readonly otterize: Omit<OtterizeActivities, 'waitForConnected'>;
  readonly vendor: Pick<OtterizeActivities, 'waitForConnected'>;
  readonly gitlab: GitLabActivities & PromotionGitActivities;
  readonly argocd: ArgoCdActivities;
  readonly externalSecrets: ExternalSecretsActivities;
  readonly notifications: NotificationActivities;
  readonly registry: RegistryActivities;
  readonly changeRecords: ChangeRecordActivities;
  readonly delivery: DeliveryActivities;
  readonly shadow: ShadowActivities;
  readonly verification: VerificationActivities;
}

/** Proxies of the activities of the sentinel. Its runs have no input, so nobody says how patient they are. */
export function sentinelActivities(): {
  readonly watching: SentinelActivities;
  readonly notices: StrayNotices;
} {
  const on = optionsOn('standard');
  // the next look comes by itself: what cannot be done now is not tried for hours
  const soon = { scheduleToCloseTimeout: '15 min' } as const;
  return {
    watching: proxyActivities<SentinelActivities>({ ...on('plan', 'api'), ...soon }),
    notices: proxyActivities<StrayNotices>({ ...on('notifications', 'notice'), ...soon }),
  };
}

type OptionsOn = (queue: QueueName, kind: ActivityClass) => ActivityOptions;

/** Call inside a workflow. */
function optionsOn(timing: TimingProfile): OptionsOn {
  const prefix = prefixOf(workflowInfo().taskQueue);
  return (queue, kind) => ({
    ...OPTIONS[timing][kind],
    // a run that stops waits for the effect in hand: nothing of it is under way when somebody retries
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    taskQueue: taskQueue(prefix, queue),
  });
}

/** Proxies of all activities for this run, each on its system's queue. Call inside a workflow. */
export function activitiesFor(timing: TimingProfile): Activities {
  const on = optionsOn(timing);
  return {
    ledger: proxyActivities<LedgerActivities & PromotionLedgerActivities>(on('ledger', 'ledger')),
    plan: proxyActivities<PlanActivities & PromotionPlanActivities>(on('plan', 'plan')),
    otterize: proxyActivities<Omit<OtterizeActivities, 'waitForConnected'>>(on('otterize', 'api')),
    vendor: proxyActivities<Pick<OtterizeActivities, 'waitForConnected'>>(on('otterize', 'wait')),
    gitlab: proxyActivities<GitLabActivities & PromotionGitActivities>(on('gitlab', 'merge')),
    argocd: proxyActivities<ArgoCdActivities>(on('argocd', 'wait')),
    externalSecrets: proxyActivities<ExternalSecretsActivities>(on('external-secrets', 'wait')),
    notifications: proxyActivities<NotificationActivities>(on('notifications', 'notice')),
    registry: proxyActivities<RegistryActivities>(on('registry', 'api')),
    changeRecords: proxyActivities<ChangeRecordActivities>(on('change-records', 'api')),
    delivery: proxyActivities<DeliveryActivities>(on('delivery', 'wait')),
    shadow: proxyActivities<ShadowActivities>(on('delivery', 'wait')),
    verification: proxyActivities<VerificationActivities>(on('verification', 'wait')),
  };
}
