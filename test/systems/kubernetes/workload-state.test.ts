import { describe, expect, it } from 'vitest';
import type { RunningPod } from '../../../src/systems/kubernetes/client.js';
import { withTemplateOf } from '../../../src/systems/kubernetes/rollout-template.js';
import { type Workload, type WorkloadKind, workloadFrom } from '../../../src/systems/kubernetes/workload.js';
import {
  type ImageByDigest,
  imageByDigest,
  imageName,
  judgeWorkload,
  usesImage,
} from '../../../src/systems/kubernetes/workload-state.js';

const DIGEST = `sha256:${'1'.repeat(64)}`;
const OTHER = `sha256:${'2'.repeat(64)}`;
const NAME = 'registry.example.com:5000/shop/web';
const IMAGE: ImageByDigest = { name: NAME, digest: DIGEST };
const PINNED = `${NAME}:1.4.2@${DIGEST}`;

interface Change {
  readonly generation?: number;
  readonly spec?: object;
  readonly status?: object;
  readonly image?: string;
}

function workload(change: Change = {}): Workload {
  return workloadFrom(
    {
      metadata: { name: 'web', namespace: 'shop', generation: change.generation ?? 4 },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: {
          spec: {
            containers: [
              { name: 'proxy', image: 'registry.example.com:5000/mesh/proxy:2' },
              { name: 'web', image: change.image ?? PINNED },
            ],
          },
        },
        ...change.spec,
      },
      status: {
        observedGeneration: 4,
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
        currentRevision: 'web-1',
        updateRevision: 'web-1',
        desiredNumberScheduled: 2,
        updatedNumberScheduled: 2,
        numberAvailable: 2,
        ...change.status,
      },
    },
    { system: 'kubernetes', operation: 'get', object: 'shop/web' },
  );
}

const OWN = { owner: { kind: 'ReplicaSet', name: 'web-5f7b', uid: '1' }, templateHash: '5f7b' };
const MADE_BY_A_JOB = { owner: { kind: 'Job', name: 'migrate', uid: '9' }, templateHash: '' };

function pod(imageID: string, change: Partial<RunningPod> = {}): RunningPod {
  const containers = [{ name: 'web', image: `${NAME}:1.4.2`, imageID }];
  return { name: 'web-1', ends: false, phase: 'Running', ...OWN, containers, ...change };
}

describe('judgeWorkload', () => {
  it.each<WorkloadKind>(['Deployment', 'StatefulSet', 'DaemonSet'])('says rolled out of a %s', (kind) => {
    expect(judgeWorkload(kind, workload(), IMAGE, [])).toEqual({
      state: 'rolled-out',
      readBack: { workload: `${kind}/web`, generation: 4, image: `${NAME}@${DIGEST}` },
    });
  });

  it.each<[string, WorkloadKind, string, Change]>([
    ['a spec that was not seen', 'Deployment', 'spec-not-observed', { generation: 5 }],
    ['new pods that are missing', 'Deployment', 'rolling-out', { status: { updatedReplicas: 1 } }],
    ['old pods that are still there', 'Deployment', 'rolling-out', { status: { replicas: 3 } }],
    ['new pods that are not available', 'Deployment', 'rolling-out', { status: { availableReplicas: 1 } }],
    ['a pause', 'Deployment', 'paused', { spec: { paused: true } }],
    ['pods that are not ready', 'StatefulSet', 'rolling-out', { status: { readyReplicas: 1 } }],
    ['pods that are old', 'StatefulSet', 'rolling-out', { status: { updateRevision: 'web-2' } }],
    [
      'pods above the partition that are old',
      'StatefulSet',
      'rolling-out',
      { spec: { updateStrategy: { rollingUpdate: { partition: 1 } } }, status: { updatedReplicas: 0 } },
    ],
    ['nodes without the new pod', 'DaemonSet', 'rolling-out', { status: { updatedNumberScheduled: 1 } }],
    ['nodes whose new pod is not available', 'DaemonSet', 'rolling-out', { status: { numberAvailable: 1 } }],
  ])('waits on %s', (_, kind, clause, change) => {
    expect(judgeWorkload(kind, workload(change), IMAGE, [])).toMatchObject({ state: 'waiting', clause });
  });

  it('takes a partitioned roll-out as complete', () => {
    const change = {
      spec: { updateStrategy: { rollingUpdate: { partition: 1 } } },
      status: { updatedReplicas: 1, updateRevision: 'web-2' },
    };
    expect(judgeWorkload('StatefulSet', workload(change), IMAGE, []).state).toBe('rolled-out');
  });

  it.each<[string, string, Change]>([
    ['another digest in the spec', 'other-image', { image: `${NAME}@${OTHER}` }],
    [
      'another digest in the spec, however complete its roll-out',
      'other-image',
      { image: `${NAME}:1.4.2@${OTHER}` },
    ],
    [
      'an image of another name and content',
      'other-image',
      { image: `registry.example.com:5000/shop/api@${OTHER}` },
    ],
    [
      'new pods that did not come up in time',
      'progress-deadline-exceeded',
      {
        status: {
          updatedReplicas: 1,
          conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }],
        },
      },
    ],
    [
      'no pods at all',
      'scaled-to-zero',
      { spec: { replicas: 0 }, status: { replicas: 0, updatedReplicas: 0, availableReplicas: 0 } },
    ],
  ])('gives up on %s', (_, clause, change) => {
    expect(judgeWorkload('Deployment', workload(change), IMAGE, [])).toMatchObject({
      state: 'hopeless',
      clause,
    });
  });

  it('gives up on one that does not exist', () => {
    expect(judgeWorkload('Deployment', null, IMAGE, [])).toMatchObject({ clause: 'workload-missing' });
  });

  it('asks the pods what a tag means', () => {
    const tagged = workload({ image: `${NAME}:1.4.2` });
    const judge = (...pods: readonly RunningPod[]) => judgeWorkload('Deployment', tagged, IMAGE, pods);
    expect(judge(pod(`${NAME}@${DIGEST}`), pod(`${NAME}@${OTHER}`, { ends: true })).state).toBe('rolled-out');
    expect(judge(pod(`${NAME}@${DIGEST}`), pod(`${NAME}@${OTHER}`))).toMatchObject({
      state: 'hopeless',
      clause: 'other-image',
    });
    expect(judge(pod(`${NAME}@${DIGEST}`), pod('')).state).toBe('waiting');
    expect(judge().state).toBe('waiting');
  });

  it.each<[string, Partial<RunningPod>]>([
    ['was evicted', { phase: 'Failed' }],
    ['has completed', { phase: 'Succeeded' }],
    ['a Job made with the same labels', MADE_BY_A_JOB],
    [
      'another Deployment made, whose name begins with ours',
      { owner: { kind: 'ReplicaSet', name: 'web-api-5f7b', uid: '2' } },
    ],
    ['somebody made by hand', { owner: undefined, templateHash: '' }],
  ])('does not count a pod that %s', (_, change) => {
    const tagged = workload({ image: `${NAME}:1.4.2` });
    const judge = (...pods: readonly RunningPod[]) => judgeWorkload('Deployment', tagged, IMAGE, pods);
    expect(judge(pod(`${NAME}@${DIGEST}`), pod(`${NAME}@${OTHER}`, change)).state).toBe('rolled-out');
    // nor does it prove anything
    expect(judge(pod(`${NAME}@${OTHER}`), pod(`${NAME}@${DIGEST}`, change)).state).toBe('hopeless');
  });

  it('knows the pods of a StatefulSet and a DaemonSet by their owner', () => {
    const tagged = workload({ image: `${NAME}:1.4.2` });
    for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
      const own = { owner: { kind, name: 'web', uid: '1' }, templateHash: '' };
      const judge = (...pods: readonly RunningPod[]) => judgeWorkload(kind, tagged, IMAGE, pods);
      expect(judge(pod(`${NAME}@${DIGEST}`, own), pod(`${NAME}@${OTHER}`)).state).toBe('rolled-out');
      expect(judge(pod(`${NAME}@${OTHER}`, own), pod(`${NAME}@${DIGEST}`)).state).toBe('hopeless');
    }
  });

  it.each([
    [
      'a name that the node has for the same content',
      `${NAME}:1.4.2`,
      { image: 'registry.example.com:5000/mirror/web:latest', imageID: `${NAME}@${DIGEST}` },
    ],
    [
      'the digest alone, as some runtimes write it',
      `${NAME}:1.4.2`,
      { image: `${NAME}:1.4.2`, imageID: DIGEST },
    ],
    [
      'the content from a mirror that the spec names',
      'mirror.example.com/shop/web:1.4.2',
      {
        image: 'mirror.example.com/shop/web:1.4.2',
        imageID: `docker-pullable://mirror.example.com/shop/web@${DIGEST}`,
      },
    ],
  ])('knows an image by its content: pods report %s', (_, image, reported) => {
    const judge = (imageID: string) =>
      judgeWorkload('Deployment', workload({ image }), IMAGE, [
        pod('', { containers: [{ name: 'web', image: reported.image, imageID }] }),
      ]);
    expect(judge(reported.imageID).state).toBe('rolled-out');
    expect(judge(reported.imageID.replace(DIGEST, OTHER)).state).toBe('hopeless');
  });

  it('takes the names of one repository for one, however they are written', () => {
    const image = { name: 'nginx', digest: DIGEST };
    for (const name of ['docker.io/library/nginx', 'index.docker.io/library/nginx', 'nginx']) {
      expect(judgeWorkload('Deployment', workload({ image: `${name}@${DIGEST}` }), image, []).state).toBe(
        'rolled-out',
      );
      expect(judgeWorkload('Deployment', workload({ image: `${name}@${OTHER}` }), image, [])).toMatchObject({
        clause: 'other-image',
        message: expect.stringContaining(`asks for ${name}@${OTHER}`),
      });
    }
  });

  it('asks about the roll-out only when no image is given', () => {
    expect(judgeWorkload('Deployment', workload({ image: `${NAME}@${OTHER}` }), undefined, []).state).toBe(
      'rolled-out',
    );
  });
});

describe('images', () => {
  it.each<[string, ImageByDigest | undefined]>([
    [`${NAME}@${DIGEST}`, IMAGE],
    [`${NAME}:1.4.2@${DIGEST}`, IMAGE],
    [`${NAME}:1.4.2`, undefined],
    [`${NAME}@sha256:1234`, undefined],
    [`@${DIGEST}`, undefined],
  ])('reads %s', (text, image) => {
    expect(imageByDigest(text)).toEqual(image);
  });

  it('takes a port for no tag', () => {
    expect(imageName('registry.example.com:5000/shop/web')).toBe(NAME);
    expect(usesImage(workload({ image: `${NAME}:2` }), IMAGE)).toBe(true);
    expect(usesImage(workload({ image: 'web:2' }), IMAGE)).toBe(false);
  });
});

/** As its controller writes them: numbers of generations as texts, and its own words for how it stands. */
const ROLLED_OUT = {
  observedGeneration: '4',
  phase: 'Healthy',
  currentPodHash: '5f7b',
  stableRS: '5f7b',
};

describe('Rollouts of Argo Rollouts', () => {
  const rollout = (status: object = {}, spec: object = {}, image = PINNED) =>
    workload({ status: { ...ROLLED_OUT, ...status }, spec, image });

  it('are rolled out when the controller says Healthy and the new pods are the stable ones', () => {
    expect(judgeWorkload('Rollout', rollout(), IMAGE, [])).toMatchObject({
      state: 'rolled-out',
      readBack: { workload: 'Rollout/web', image: `${NAME}@${DIGEST}` },
    });
  });

  it.each<[string, string, object]>([
    ['a spec that was not seen', 'spec-not-observed', { observedGeneration: '3' }],
    ['a canary step', 'rolling-out', { phase: 'Progressing', message: 'more replicas need to be updated' }],
    ['a pause between steps', 'paused', { phase: 'Paused', message: 'CanaryPauseStep' }],
    ['pods that are Healthy beside the stable ones', 'rolling-out', { stableRS: '1a2b' }],
    ['a spec that cannot be carried out', 'rollout-degraded', { phase: 'Degraded', message: 'InvalidSpec' }],
    ['a controller that says nothing', 'rolling-out', { phase: undefined }],
  ])('wait on %s', (_, clause, status) => {
    expect(judgeWorkload('Rollout', rollout(status), IMAGE, [])).toMatchObject({ state: 'waiting', clause });
  });

  it.each<[string, string, object]>([
    ['was aborted, though its spec asks for ours', 'rollout-aborted', { phase: 'Degraded', abort: true }],
    [
      'passed its deadline',
      'progress-deadline-exceeded',
      {
        phase: 'Degraded',
        conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
      },
    ],
  ])('fail when it %s', (_, clause, status) => {
    expect(judgeWorkload('Rollout', rollout(status), IMAGE, [])).toMatchObject({ state: 'hopeless', clause });
  });

  it('run what their own pods have pulled', () => {
    const byTag = rollout({}, {}, `${NAME}:1.4.2`);
    const pulled = (digest: string) => [pod(`${NAME}@${digest}`), pod(`${NAME}@${OTHER}`, MADE_BY_A_JOB)];
    expect(judgeWorkload('Rollout', byTag, IMAGE, pulled(DIGEST)).state).toBe('rolled-out');
    expect(judgeWorkload('Rollout', byTag, IMAGE, pulled(OTHER))).toMatchObject({ clause: 'other-image' });
  });

  it('with the template of a Deployment wait until they have seen its newest one', () => {
    const { spec } = workload();
    const { template: _, selector: __, ...own } = spec;
    const referring = {
      metadata: { name: 'web', namespace: 'shop', generation: 4 },
      spec: { ...own, workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
      status: { ...ROLLED_OUT, workloadObservedGeneration: '7' },
    };
    const judged = (deployment: unknown) =>
      judgeWorkload(
        'Rollout',
        workloadFrom(withTemplateOf(referring, deployment), {
          system: 'kubernetes',
          operation: 'get',
          object: 'shop/web',
        }),
        IMAGE,
        [],
      );
    const deployment = (generation: number) => ({ metadata: { name: 'web', generation }, spec });
    expect(judged(deployment(7)).state).toBe('rolled-out');
    expect(judged(deployment(8))).toMatchObject({ state: 'waiting', clause: 'spec-not-observed' });
    expect(judged(null)).toMatchObject({ state: 'waiting', clause: 'spec-not-observed' });
  });
});
