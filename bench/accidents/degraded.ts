/** Accidents of waiting for what will not come: a release that is Degraded, behind something else that is waited for. */
import type { Accident, Clock } from './accident.js';
import { application, type Written, waitFor } from './argocd-objects.js';
import { DIGEST, deployment, IMAGE, OLD_DIGEST } from './workload-objects.js';

const GIVEN_UP = {
  updatedReplicas: 1,
  conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
};
const degraded = (clock: Clock, seconds = 2) => ({
  status: 'Degraded',
  lastTransitionTime: clock.ago(seconds),
});
const managing = (name: string) => ({
  resources: [{ group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name }],
});

/** A Deployment that Kubernetes has given up, which the Application manages and nobody has named. */
function givenUp(
  name: string,
  what: Pick<Accident, 'name' | 'seenIn'>,
  written: (clock: Clock) => Partial<Written>,
): Accident {
  return {
    ...what,
    must: 'failed',
    clause: 'progress-deadline-exceeded',
    args: waitFor(name),
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment(name, `${IMAGE}@${DIGEST}`, GIVEN_UP),
          application(ours, clock, {
            name,
            health: degraded(clock),
            status: managing(name),
            ...written(clock),
          }),
        ],
      },
    ],
  };
}

export const DEGRADED_ACCIDENTS: readonly Accident[] = [
  givenUp(
    'bad-image',
    {
      name: 'a bad image never starts, the Deployment has passed its deadline',
      seenIn: 'kargo #3258: the wait goes on to its end',
    },
    () => ({}),
  ),
  givenUp(
    'bad-drifted',
    {
      name: 'the same, and the Application is OutOfSync for another reason',
      seenIn: 'argo-cd: an autoscaler, a default that somebody sets',
    },
    () => ({ sync: { status: 'OutOfSync' } }),
  ),
  givenUp(
    'bad-retried',
    {
      name: 'the same, and the sync of our commit is retried without end',
      seenIn: 'argo-cd: retry limit -1 waits for health in each try',
    },
    (clock) => ({
      operationState: {
        phase: 'Running',
        retryCount: 9,
        startedAt: clock.ago(60),
        operation: { sync: {}, retry: { limit: -1 } },
      },
    }),
  ),
  {
    name: 'a sync of ours is retried, and it is Degraded for a moment for a reason that is no roll-out',
    seenIn: 'argo-cd: an ExternalSecret whose source is gone',
    must: 'waiting',
    clause: 'operation-running',
    args: waitFor('ill-for-a-moment'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          application(ours, clock, {
            name: 'ill-for-a-moment',
            health: degraded(clock),
            operationState: { phase: 'Running', retryCount: 9, finishedAt: undefined },
          }),
        ],
      },
    ],
  },
  {
    name: 'a release is Degraded for a while, within the deadline of its Deployment, and recovers',
    seenIn: 'a database that is up later than what asks it',
    must: 'proven',
    args: waitFor('recovers'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment(
            'recovers',
            `${IMAGE}@${DIGEST}`,
            { availableReplicas: 0 },
            { progressDeadlineSeconds: 900 },
          ),
          application(ours, clock, {
            name: 'recovers',
            health: degraded(clock, 400),
            status: managing('recovers'),
          }),
        ],
      },
      { objects: [application(ours, clock, { name: 'recovers', status: managing('recovers') })], runs: true },
    ],
  },
  {
    name: 'a roll-out that was given up comes up a moment later, when its image is pushed',
    seenIn: 'kubernetes: ProgressDeadlineExceeded does not stop a roll-out',
    must: 'proven',
    args: waitFor('late-image'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('late-image', `${IMAGE}@${DIGEST}`, GIVEN_UP),
          application(ours, clock, {
            name: 'late-image',
            health: degraded(clock),
            status: managing('late-image'),
          }),
        ],
      },
      {
        objects: [
          deployment('late-image', `${IMAGE}@${DIGEST}`),
          application(ours, clock, { name: 'late-image', status: managing('late-image') }),
        ],
        runs: true,
      },
    ],
  },
  ...(['--image', ''] as const).map((named): Accident => {
    const name = named === '' ? 'taken-back' : 'taken-back-by-image';
    const what = named === '' ? 'its roll-out was given up before' : 'its Deployment asks for another image';
    return {
      name: `a sync of ours begins while the release before is given up for good, as in a rollback: ${what}`,
      seenIn: 'argo-cd: health is that of the last comparison',
      must: 'proven',
      args: (story) => [
        ...waitFor(name)(story),
        ...(named === '' ? [] : [named, `${IMAGE}@${DIGEST}`]),
        ...['--workload', `deployment/${name}`, '--stabilisation', '0s'],
      ],
      frames: ({ ours }, clock) => [
        {
          objects: [
            deployment(name, `${IMAGE}@${OLD_DIGEST}`, {
              ...GIVEN_UP,
              conditions: GIVEN_UP.conditions.map((one) => ({
                ...one,
                ...(named === '' ? { lastUpdateTime: clock.ago(30) } : {}),
              })),
            }),
            application(ours, clock, {
              name,
              health: degraded(clock, 900),
              status: managing(name),
              operationState: { phase: 'Running', startedAt: clock.ago(1), finishedAt: undefined },
            }),
          ],
        },
        {
          objects: [
            deployment(name, `${IMAGE}@${DIGEST}`),
            application(ours, clock, { name, status: managing(name) }),
          ],
          runs: true,
        },
      ],
    };
  }),
  {
    name: 'what is Degraded ran before our commit, which is not applied yet',
    seenIn: 'kargo #2795: an old failure fails the next release',
    must: 'proven',
    args: waitFor('ill-before'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          deployment('ill-before', `${IMAGE}@${DIGEST}`, GIVEN_UP),
          application(before, clock, {
            name: 'ill-before',
            health: degraded(clock, 900),
            status: managing('ill-before'),
          }),
        ],
      },
      {
        objects: [
          deployment('ill-before', `${IMAGE}@${DIGEST}`),
          application(ours, clock, { name: 'ill-before', status: managing('ill-before') }),
        ],
        runs: true,
      },
    ],
  },
];
