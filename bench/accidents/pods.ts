/** Accidents with what pods report: pods that do not count, and images of many names. */
import type { Accident } from './accident.js';
import { application } from './argocd-objects.js';
import type { Story } from './story.js';
import { DIGEST, deployment, IMAGE, OLD_DIGEST, pod } from './workload-objects.js';

const pulled = (digest: string, name = IMAGE): string => `${name}@${digest}`;

const waitForPods =
  (name: string, image = IMAGE) =>
  ({ ours, folder }: Story): readonly string[] => [
    ...['--application', name, '--revision', ours, '--repository', folder],
    ...['--image', `${image}@${DIGEST}`, '--workload', `deployment/${name}`],
  ];

/** A Deployment by tag that has rolled out, a pod that runs ours, and one more. */
function besides(
  name: string,
  what: Pick<Accident, 'name' | 'seenIn'>,
  other: Parameters<typeof pod>[2],
): Accident {
  return {
    ...what,
    must: 'proven',
    args: waitForPods(name),
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment(name, `${IMAGE}:1.5.0`),
          pod(`${name}-new`, name, {
            imageID: pulled(DIGEST),
            owner: { kind: 'ReplicaSet', name: `${name}-5f7b` },
          }),
          pod(`${name}-other`, name, other),
          application(ours, clock, { name }),
        ],
        runs: true,
      },
    ],
  };
}

const OLD = { image: `${IMAGE}:1.4.0`, imageID: pulled(OLD_DIGEST) };

export const POD_ACCIDENTS: readonly Accident[] = [
  besides(
    'evicted',
    {
      name: 'a pod of the version before was evicted, and still lies there',
      seenIn: 'krane #36, milvus-operator PR 453',
    },
    { ...OLD, phase: 'Failed', owner: { kind: 'ReplicaSet', name: 'evicted-77aa' } },
  ),
  besides(
    'migration',
    {
      name: 'a completed Job of the version before has the labels of the Deployment',
      seenIn: 'labels of charts that hook Jobs share',
    },
    { ...OLD, phase: 'Succeeded', owner: { kind: 'Job', name: 'migrate' } },
  ),
  besides(
    'running-job',
    { name: 'a Job that still runs has the labels of the Deployment and another image', seenIn: 'the same' },
    { ...OLD, owner: { kind: 'Job', name: 'report' } },
  ),
  besides(
    'by-hand',
    { name: 'somebody runs a pod by hand with the labels of the Deployment', seenIn: 'kubectl run --labels' },
    { ...OLD, owner: null },
  ),
  besides(
    'neighbour',
    {
      name: 'another Deployment, whose name begins alike, has the same labels',
      seenIn: 'kubernetes: overlapping selectors',
    },
    { ...OLD, owner: { kind: 'ReplicaSet', name: 'neighbour-api-5f7b' } },
  ),
  {
    name: 'the pods of a tag pulled what it meant before it was moved',
    seenIn: 'Mettle: the tag moved',
    must: 'failed',
    clause: 'other-image',
    args: waitForPods('moved-tag'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('moved-tag', `${IMAGE}:1.5.0`),
          pod('moved-tag-1', 'moved-tag', { imageID: pulled(OLD_DIGEST) }),
          pod('moved-tag-job', 'moved-tag', {
            imageID: pulled(DIGEST),
            owner: { kind: 'Job', name: 'migrate' },
          }),
          application(ours, clock, { name: 'moved-tag' }),
        ],
      },
    ],
  },
  {
    name: 'the node names the content by its mirror',
    seenIn: 'containerd: any name that the node has for a digest',
    must: 'proven',
    args: waitForPods('node-mirror'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('node-mirror', `${IMAGE}:1.5.0`),
          pod('node-mirror-1', 'node-mirror', {
            image: 'mirror.internal.example.com/proxy/shop/web:1.5.0',
            imageID: pulled(DIGEST, 'mirror.internal.example.com/proxy/shop/web'),
          }),
          application(ours, clock, { name: 'node-mirror' }),
        ],
        runs: true,
      },
    ],
  },
  {
    name: 'an admission webhook has put the name of a mirror into the spec',
    seenIn: 'harbor: proxy caches',
    must: 'proven',
    args: waitForPods('spec-mirror'),
    frames: ({ ours }, clock) => {
      const mirrored = 'mirror.internal.example.com/proxy/shop/web';
      return [
        {
          objects: [
            deployment('spec-mirror', `${mirrored}:1.5.0`),
            pod('spec-mirror-1', 'spec-mirror', {
              image: `${mirrored}:1.5.0`,
              imageID: pulled(DIGEST, mirrored),
            }),
            application(ours, clock, { name: 'spec-mirror' }),
          ],
          runs: true,
        },
      ];
    },
  },
  {
    name: 'an image of Docker Hub has a short name here and a long one there',
    seenIn: 'distribution/reference: nginx is docker.io/library/nginx',
    must: 'proven',
    args: waitForPods('short-name', 'nginx'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('short-name', `docker.io/library/nginx@${DIGEST}`),
          application(ours, clock, { name: 'short-name' }),
        ],
        runs: true,
      },
    ],
  },
  {
    name: 'an image of Docker Hub has another digest under its long name',
    seenIn: 'the same',
    must: 'failed',
    clause: 'other-image',
    args: waitForPods('long-name', 'nginx'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('long-name', `index.docker.io/library/nginx@${OLD_DIGEST}`),
          application(ours, clock, { name: 'long-name' }),
        ],
      },
    ],
  },
  {
    name: "pods of yesterday's run of a CronJob name the image before, and everything else runs ours",
    seenIn: 'argocd-image-updater #371, argo-cd #21785',
    must: 'proven',
    args: ({ ours, folder }) => [
      ...['--application', 'cron', '--revision', ours, '--repository', folder],
      ...['--image', `${IMAGE}@${DIGEST}`],
    ],
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('cron', `${IMAGE}@${DIGEST}`),
          application(ours, clock, {
            name: 'cron',
            status: {
              summary: { images: [`${IMAGE}@${DIGEST}`, `${IMAGE}@${OLD_DIGEST}`] },
              resources: [
                { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'cron' },
                { group: 'batch', version: 'v1', kind: 'CronJob', namespace: 'shop', name: 'nightly' },
              ],
            },
          }),
        ],
        runs: true,
      },
    ],
  },
  {
    name: 'one of two Deployments runs the image before, and the summary has both',
    seenIn: 'an images override of one of them',
    must: 'failed',
    clause: 'other-image',
    args: ({ ours, folder }) => [
      ...['--application', 'half', '--revision', ours, '--repository', folder],
      ...['--image', `${IMAGE}@${DIGEST}`],
    ],
    frames: ({ ours }, clock) => [
      {
        objects: [
          deployment('half-1', `${IMAGE}@${DIGEST}`),
          deployment('half-2', `${IMAGE}@${OLD_DIGEST}`),
          application(ours, clock, {
            name: 'half',
            status: {
              summary: { images: [`${IMAGE}@${DIGEST}`, `${IMAGE}@${OLD_DIGEST}`] },
              resources: ['half-1', 'half-2'].map((name) => ({
                ...{ group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name },
              })),
            },
          }),
        ],
      },
    ],
  },
];
