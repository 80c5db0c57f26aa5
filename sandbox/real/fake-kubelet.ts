/**
 * `tsx fake-kubelet.ts KUBECONFIG`: a kubelet without containers, for the controllers that look at pods. Every pod is at
 * once said to run, with the digest of its image as `imageID`, but:
 * - an image whose tag has `bad` in it is never pulled (ImagePullBackOff), so a roll-out with it never becomes available;
 * - containers of jobs (`restartPolicy` Never or OnFailure) end at once, with an error when the tag has `fail` in it.
 * There is no node and no scheduler; nothing of ours or of Argo CD and Flux asks for them.
 */
import { createHash } from 'node:crypto';
import {
  CoreV1Api,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ContainerState,
  type V1Pod,
  type V1PodStatus,
} from '@kubernetes/client-node';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: fake-kubelet.ts KUBECONFIG');
const config = new KubeConfig();
config.loadFromFile(file);
const core = config.makeApiClient(CoreV1Api);
const AS_MERGE = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);
/** A watch that broke is begun again after this long, in milliseconds. */
const AGAIN_MS = 500;

const tagOf = (image: string) => /:([^/@]+)(?:@|$)/.exec(image)?.[1] ?? '';

/** Where an image is named by tag, a digest that is the same for the same name. */
function imageIdOf(image: string): string {
  const name = image.replace(/@.*$/, '').replace(/:[^/:]+$/, '');
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
  return `${name}@${digest ?? `sha256:${createHash('sha256').update(image).digest('hex')}`}`;
}

function statusOf(pod: V1Pod): V1PodStatus {
  const now = new Date();
  const containers = pod.spec?.containers ?? [];
  const isJob = pod.spec?.restartPolicy !== 'Always';
  const isBad = containers.some(({ image }) => tagOf(image ?? '').includes('bad'));
  const hasFailed = isJob && containers.some(({ image }) => tagOf(image ?? '').includes('fail'));
  const phase = isBad ? 'Pending' : !isJob ? 'Running' : hasFailed ? 'Failed' : 'Succeeded';
  const isReady = phase === 'Running';
  const condition = (type: string, status: boolean) => ({
    type,
    status: status ? 'True' : 'False',
    lastTransitionTime: now,
  });
  const stateOf = (image: string): V1ContainerState => {
    if (isBad)
      return { waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` } };
    if (!isJob) return { running: { startedAt: now } };
    return {
      terminated: hasFailed
        ? { exitCode: 1, reason: 'Error', startedAt: now, finishedAt: now }
        : { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now },
    };
  };
  return {
    phase,
    startTime: now,
    ...(isBad ? {} : { podIP: '10.1.0.1' }),
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('Ready', isReady),
      condition('ContainersReady', isReady),
    ],
    containerStatuses: containers.map(({ name, image = '' }) => ({
      name,
      image,
      imageID: isBad ? '' : imageIdOf(image),
      ready: isReady,
      started: isReady,
      restartCount: 0,
      state: stateOf(image),
    })),
  };
}

async function seen(pod: V1Pod): Promise<void> {
  const { name, namespace, deletionTimestamp } = pod.metadata ?? {};
  if (name === undefined || namespace === undefined) return;
  try {
    if (deletionTimestamp !== undefined) {
      await core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 });
    } else if ((pod.status?.containerStatuses ?? []).length === 0) {
      await core.patchNamespacedPodStatus({ name, namespace, body: { status: statusOf(pod) } }, AS_MERGE);
    }
  } catch (error) {
    // it was changed or removed meanwhile: the next event tells
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 404 && code !== 409) console.error(`${namespace}/${name}: ${String(code ?? error)}`);
  }
}

const informer = makeInformer(config, '/api/v1/pods', () => core.listPodForAllNamespaces());
const again = () => setTimeout(() => void informer.start().catch(again), AGAIN_MS);
informer.on('add', (pod) => void seen(pod));
informer.on('update', (pod) => void seen(pod));
informer.on('error', again);
process.once('SIGTERM', () => process.exit(0));
await informer.start();
process.stdout.write(`${JSON.stringify({ ready: 'fake kubelet' })}\n`);
