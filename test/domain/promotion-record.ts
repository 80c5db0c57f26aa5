/** Records of promotions as the ledger would hold them, written down as a story. */
import type { AnyEntry, EntryBodies, EntryType, LedgerEntry } from '../../src/domain/ledger.js';
import { effectKey, type Plan } from '../../src/domain/plan.js';
import type { EnvironmentRules } from '../../src/domain/promotion/path.js';
import {
  afterRevert,
  disproved,
  type Exception,
  PROMOTION_CHECK,
  PROMOTION_OBJECT,
} from '../../src/domain/promotion/request.js';
import type { RequestRecord } from '../../src/domain/record.js';
import type { PromotionRequest } from '../../src/domain/request.js';

export interface Told {
  readonly requestId: string;
  readonly application?: string;
  readonly environment?: string;
  readonly exception?: Exception;
  /** repository of the image; shown in the change log */
  readonly image?: string;
  /** names of places, one by default */
  readonly places?: readonly string[];
  readonly rules?: Partial<EnvironmentRules>;
  /** the plan says that every place is changed; default: it says nothing of what is done */
  readonly changes?: boolean;
}

type Line = readonly [at: string, what: (story: Story) => readonly AnyEntry[]];

interface Story {
  readonly requestId: string;
  readonly keys: readonly string[];
  readonly plan: Plan;
  entry<T extends EntryType>(type: T, body: EntryBodies[T]): LedgerEntry<T>;
}

/** @param lines what happened, each at a time (ISO 8601), in order; the first one is the acceptance */
export function promotionRecord(told: Told, acceptedAt: string, lines: readonly Line[]): RequestRecord {
  const { requestId, application = 'shop', environment = 'prod', places = ['only'] } = told;
  let seq = 0;
  const entryAt = <T extends EntryType>(at: string, type: T, body: EntryBodies[T]): LedgerEntry<T> => {
    seq += 1;
    return { seq, at: new Date(at).toISOString(), type, requestId, body, prevHash: '', hash: '' };
  };
  const keys = places.map((place) => `${application}/${environment}/${place}`);
  const request = requestOf(told, application, environment, keys, acceptedAt);
  const plan = planOf(told, keys);
  const accepted = entryAt(acceptedAt, 'request.accepted', {
    requestHash: '',
    contentHash: '',
    workflowId: request.workflowId,
    kind: 'Promotion',
    document: '',
    envelope: '',
  });
  const policy: RequestRecord['policy'] = {
    apiVersion: 'gatehouse/v1',
    kind: 'Policy',
    metadata: { name: 'production' },
    spec: {
      appliesTo: { kind: 'Promotion', application: '*', environment: '*' },
      gates: ['owner', 'cab'].map((name) => ({
        name,
        approvers: { group: `${name}s`, need: 1 },
        evidence: [],
        after: [],
      })),
      whileOpen: 'refuse',
    },
  };
  const pinned = entryAt(acceptedAt, 'policy.pinned', { name: 'production', digest: '', document: '' });
  const entries = lines.flatMap(([at, what]) =>
    what({ requestId, keys, plan, entry: (type, body) => entryAt(at, type, body) }),
  );
  return {
    requestId,
    accepted,
    request,
    pinned,
    policy,
    plans: entries.filter((entry) => entry.type === 'plan.recorded'),
    entries: [accepted, pinned, ...entries],
  };
}

export const planned: Line[1] = ({ entry, plan }) => [
  entry('plan.recorded', {
    epoch: 1,
    digest: '',
    totals: { create: 0, change: 1, adopt: 0, conflict: 0 },
    plan,
  }),
];

export const gateOpened =
  (gate: string): Line[1] =>
  ({ entry }) => [entry('gate.opened', { gate, epoch: 1, openedAt: '' })];

/** The gate is approved by these persons, and closed. */
export const gatePassed =
  (gate: string, ...persons: readonly string[]): Line[1] =>
  ({ entry }) => [
    ...persons.map((personId) =>
      entry('decision.made', { gate, epoch: 1, decision: 'approve', personId, jti: personId, envelope: '' }),
    ),
    entry('gate.closed', { gate, epoch: 1, result: 'passed' }),
  ];

export const started: Line[1] = ({ entry, keys }) => [entry('request.started', { targets: keys.length })];

/** All places, or one. */
export const merged =
  (place?: string): Line[1] =>
  ({ entry, keys }) =>
    keys
      .filter((key) => place === undefined || key.endsWith(`/${place}`))
      .map((key) =>
        entry('effect.completed', {
          key: effectKey(key, PROMOTION_OBJECT.merge),
          epoch: 1,
          system: 'gitlab',
          outcome: 'changed',
          readBack: {},
        }),
      );

const proven =
  (named: (check: string) => string, checks: readonly string[], place?: string): Line[1] =>
  ({ entry, keys }) =>
    keys
      .filter((key) => place === undefined || key.endsWith(`/${place}`))
      .flatMap((key) =>
        checks.map((check) =>
          entry('check.passed', { key: effectKey(key, named(check)), system: 'argocd', readBack: {} }),
        ),
      );

const DELIVERED = PROMOTION_CHECK.delivered('main');
export const delivered = (place?: string): Line[1] => proven((check) => check, [DELIVERED], place);
/** A check of all places failed. */
export const failedCheck = (check: string): Line[1] => proven(disproved, [check]);
export const passedCheck = (check: string): Line[1] => proven((name) => name, [check]);
export const reverted: Line[1] = proven(afterRevert, [DELIVERED, PROMOTION_CHECK.soaked]);

export const placeEnded =
  (outcome: EntryBodies['target.ended']['outcome'], place?: string): Line[1] =>
  ({ entry, keys }) =>
    keys
      .filter((key) => place === undefined || key.endsWith(`/${place}`))
      .map((target) => entry('target.ended', { target, outcome }));

/** The provider was in trouble, not the release. */
export const placeHeld: Line[1] = ({ entry, keys }) =>
  keys.map((target) =>
    entry('target.ended', {
      target,
      outcome: 'failed',
      failure: {
        step: 'awaitDelivery',
        system: 'kubernetes',
        operation: 'get',
        object: target,
        message: 'answers 503',
        remedy: 'wait',
        scope: 'provider',
      },
    }),
  );

export const rollbackAsked: Line[1] = ({ entry, keys }) => [
  entry('command.given', {
    commandId: 'c1',
    command: 'rollback',
    targets: keys,
    by: { kind: 'person', id: 'ada' },
  }),
];

export const rollbackBegun: Line[1] = ({ entry, requestId }) => [
  entry('hold.placed', {
    holdId: 'h1',
    scope: { application: 'shop', environment: 'prod' },
    cause: requestId,
  }),
];

export const ended =
  (outcome: EntryBodies['request.ended']['outcome']): Line[1] =>
  ({ entry }) => [entry('request.ended', { outcome, message: '' })];

function requestOf(
  { requestId, exception, image = 'registry.example.com/shop/web', rules = {} }: Told,
  application: string,
  environment: string,
  keys: readonly string[],
  acceptedAt: string,
): PromotionRequest {
  return {
    version: 1,
    kind: 'Promotion',
    requestId,
    workflowId: `promotion/${application}/${environment}`,
    requester: { kind: 'machine', id: 'ci' },
    policy: { name: 'production', digest: '' },
    contentHash: '',
    acceptedAt,
    content: {
      application,
      environment,
      from: { name: 'dev', places: [], isFirst: true },
      ...(exception === undefined ? {} : { exception }),
      asked: { images: {}, charts: {} },
      path: { name: application, digest: '' },
      owners: 'owners',
      images: [image],
      charts: [],
      rules: {
        changeRecord: false,
        unpinned: 'warn',
        clusterKinds: [],
        namespaces: [],
        windows: [],
        checks: [],
        soakMs: 0,
        watchMs: 0,
        onFailure: 'hold',
        whileOpen: 'refuse',
        rollout: { waves: ['100%'], maxInFlight: 5, maxFailures: 0 },
        ...rules,
      },
      targets: keys.map((key) => ({
        key,
        name: key.split('/').at(-1) ?? key,
        project: 'shop/prod-ops',
        branch: 'main',
        directory: key,
        change: { kind: 'copy', keep: [] },
        deliveries: [
          {
            kind: 'argocd',
            name: 'main',
            cluster: 'harbour-01',
            connection: 'management',
            namespace: 'argocd',
            application,
            workloads: [],
          },
        ],
      })),
    },
  };
}

function mergeOf(place: string): Plan['targets'][number]['effects'][number] {
  const key = effectKey(place, PROMOTION_OBJECT.merge);
  return { key, object: PROMOTION_OBJECT.merge, system: 'gitlab', action: 'change', count: 1, detail: '' };
}

function planOf(told: Told, keys: readonly string[]): Plan {
  const { requestId, image = 'registry.example.com/shop/web' } = told;
  return {
    version: 1,
    requestId,
    epoch: 1,
    beneficiary: { personId: 'ada' },
    targets: keys.map((target) => ({
      target,
      effects: told.changes === true ? [mergeOf(target)] : [],
      invitees: [],
      notes: [],
    })),
    promotion: {
      release: {
        images: [{ repository: image, digest: `sha256:${'9f31c2e4'.repeat(8)}` }],
        charts: [{ name: 'shop', version: '1.4.2' }],
        commit: 'a'.repeat(40),
      },
      fingerprint: '',
      places: [],
      risk: { level: 'low', reasons: [] },
      authors: [],
      findings: [],
    },
    plannedAt: '',
  };
}
