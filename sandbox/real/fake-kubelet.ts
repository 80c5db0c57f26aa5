/**
 * `tsx fake-kubelet.ts KUBECONFIG`: a kubelet without containers, for the controllers that look at pods. Every pod is at
 * once said to run, with the digest of its image as `imageID`, but:
 * - an image whose tag has `bad` in it is never pulled (ImagePullBackOff), so a roll-out with it never becomes available;
 *   nor is one that a registry on this machine does not have, or any in a namespace with the label `fake-kubelet/pulls: never`;
 * - containers of jobs (`restartPolicy` Never or OnFailure) end at once, with an error when the tag has `fail` in it or the
 *   namespace the label `fake-kubelet/jobs: fail`.
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
/** A watch that broke, and a pod whose status could not be written, are tried again after this long, in milliseconds. */
const AGAIN_MS = 500;
/** All pods are looked at this often, in milliseconds, as kubelets do: a pod whose event was lost would wait for ever. */
const RESYNC_MS = 5_000;

/** Empty without one; a digest has a colon, too, and may well have `bad` among its digits. */
const tagOf = (image: string) => /:([^/:]+)$/.exec(image.replace(/@.*$/, ''))?.[1] ?? '';

/** A registry on this machine, open to everybody: it knows which digest a tag has. */
const LOCAL = /^(127\.0\.0\.1:\d+)\/(.+)$/;
const MANIFESTS = ['manifest.v1+json', 'index.v1+json'].map((type) => `application/vnd.oci.image.${type}`);

/**
 * What is pulled for an image. Where no registry on this machine is asked, a tag has a digest that is the same for the same
 * name.
 * @returns undefined when it is never pulled
 */
async function pulled(image: string): Promise<string | undefined> {
  if (tagOf(image).includes('bad')) return undefined;
  const name = image.replace(/@.*$/, '').replace(/:[^/:]+$/, '');
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
  const [, host, repository] = LOCAL.exec(name) ?? [];
  if (host === undefined || repository === undefined) {
    return `${name}@${digest ?? `sha256:${createHash('sha256').update(image).digest('hex')}`}`;
  }
  const url = `http://${host}/v2/${repository}/manifests/${digest ?? (tagOf(image) || 'latest')}`;
  const answer = await fetch(url, { method: 'HEAD', headers: { accept: MANIFESTS.join(', ') } });
  if (!answer.ok && answer.status !== 404) throw new Error(`${url}: ${answer.status}`);
  const found = answer.headers.get('docker-content-digest');
  return answer.ok && found !== null ? `${name}@${found}` : undefined;
}

async function statusOf(pod: V1Pod, namespace: string): Promise<V1PodStatus> {
  const now = new Date();
  const containers = pod.spec?.containers ?? [];
  const isJob = pod.spec?.restartPolicy !== 'Always';
  const { labels = {} } = (await core.readNamespace({ name: namespace })).metadata ?? {};
  const images = new Map<string, string | undefined>();
  for (const { image = '' } of containers) {
    images.set(image, labels['fake-kubelet/pulls'] === 'never' ? undefined : await pulled(image));
  }
  const isBad = [...images.values()].includes(undefined);
  const hasFailed =
    isJob &&
    (labels['fake-kubelet/jobs'] === 'fail' ||
      containers.some(({ image }) => tagOf(image ?? '').includes('fail')));
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
      imageID: isBad ? '' : (images.get(image) ?? ''),
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
      const status = await statusOf(pod, namespace);
      await core.patchNamespacedPodStatus({ name, namespace, body: { status } }, AS_MERGE);
    }
  } catch (error) {
    // it was changed or removed meanwhile: the next event tells
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 404 || code === 409) return;
    console.error(`${namespace}/${name}: ${String(code ?? error)}`);
    setTimeout(() => void seen(pod), AGAIN_MS);
  }
}

async function lookAtAll(): Promise<void> {
  try {
    const { items } = await core.listPodForAllNamespaces();
    await Promise.all(items.map(seen));
  } catch (error) {
    console.error(`pods: ${String(error)}`);
  }
  setTimeout(() => void lookAtAll(), RESYNC_MS);
}

const informer = makeInformer(config, '/api/v1/pods', () => core.listPodForAllNamespaces());
const again = () => setTimeout(() => void informer.start().catch(again), AGAIN_MS);
informer.on('add', (pod) => void seen(pod));
informer.on('update', (pod) => void seen(pod));
informer.on('error', again);
process.once('SIGTERM', () => process.exit(0));
await informer.start();
setTimeout(() => void lookAtAll(), RESYNC_MS);
process.stdout.write(`${JSON.stringify({ ready: 'fake kubelet' })}\n`);
