/** Accidents of waits for Flux where it reads artifacts that were made of our commit. */
import type { Accident, Clock, WrittenObject } from './accident.js';
import { at, condition, forKustomization, kustomization, NAMESPACE } from './flux-objects.js';

const NEW = 'd'.repeat(64);
const OLD = 'e'.repeat(64);
const ORIGIN = 'org.opencontainers.image.revision';
const tagged = (digest: string): string => `latest@sha256:${digest}`;

function artifact(
  kind: 'ocirepositories' | 'externalartifacts',
  name: string,
  clock: Clock,
  digest: string,
  origin?: string,
): WrittenObject {
  const generator = { apiVersion: 'source.extensions.fluxcd.io/v1beta1', kind: 'ArtifactGenerator', name };
  return {
    plural: kind,
    namespace: NAMESPACE,
    name,
    spec:
      kind === 'ocirepositories'
        ? { interval: '1m', url: 'oci://registry.example.com/shop/manifests', ref: { tag: 'latest' } }
        : { sourceRef: generator },
    status: (generation) => ({
      ...(kind === 'ocirepositories' ? { observedGeneration: generation } : {}),
      artifact: {
        revision: tagged(digest),
        digest: `sha256:${digest}`,
        path: `${name}.tar.gz`,
        url: `http://source-controller/${name}.tar.gz`,
        lastUpdateTime: clock.ago(90),
        ...(origin === undefined ? {} : { metadata: { [ORIGIN]: at(origin) } }),
      },
      conditions: [condition(clock, 'Ready', 'True', 'Succeeded')],
    }),
  };
}

function appliedOf(name: string, kind: string, clock: Clock, digest: string, origin?: string): WrittenObject {
  return kustomization(name, clock, {
    spec: { sourceRef: { kind, name } },
    status: {
      lastAttemptedRevision: tagged(digest),
      lastAppliedRevision: tagged(digest),
      ...(origin === undefined ? {} : { lastAppliedOriginRevision: at(origin) }),
    },
  });
}

export const FLUX_ORIGIN_ACCIDENTS: readonly Accident[] = [
  {
    name: 'Flux reads an artifact that a pipeline made of our commit',
    seenIn: 'Flux: gitless GitOps; lastAppliedOriginRevision',
    must: 'proven',
    args: forKustomization('oci-origin'),
    frames: ({ before, ours }, clock) => [
      {
        objects: [
          artifact('ocirepositories', 'oci-origin', clock, OLD, before),
          appliedOf('oci-origin', 'OCIRepository', clock, OLD, before),
        ],
      },
      { objects: [artifact('ocirepositories', 'oci-origin', clock, NEW, ours)] },
      { objects: [appliedOf('oci-origin', 'OCIRepository', clock, NEW, ours)], runs: true },
    ],
  },
  {
    name: 'the artifact was made of a later commit that holds ours',
    seenIn: 'the same',
    must: 'proven',
    args: forKustomization('oci-later'),
    frames: ({ later }, clock) => [
      {
        objects: [
          artifact('ocirepositories', 'oci-later', clock, NEW, later),
          appliedOf('oci-later', 'OCIRepository', clock, NEW, later),
        ],
        runs: true,
      },
    ],
  },
  {
    name: 'the artifact was made of a commit that reverts ours',
    seenIn: 'the same',
    must: 'failed',
    clause: 'superseded',
    args: forKustomization('oci-revert'),
    frames: ({ reverted }, clock) => [
      {
        objects: [
          artifact('ocirepositories', 'oci-revert', clock, NEW, reverted),
          appliedOf('oci-revert', 'OCIRepository', clock, NEW, reverted),
        ],
      },
    ],
  },
  {
    name: 'the artifact does not say of which commit it was made',
    seenIn: 'flux push artifact without --revision: a wait for the commit never ends',
    must: 'failed',
    clause: 'origin-unknown',
    args: forKustomization('oci-nothing'),
    frames: (_, clock) => [
      {
        objects: [
          artifact('ocirepositories', 'oci-nothing', clock, NEW),
          appliedOf('oci-nothing', 'OCIRepository', clock, NEW),
        ],
      },
    ],
  },
  {
    name: 'the same artifact is waited for by its digest',
    seenIn: 'the remedy of the one before',
    must: 'proven',
    args: () => ['--flux', 'kustomization/oci-digest', '--revision', `sha256:${NEW}`],
    frames: (_, clock) => [
      {
        objects: [
          artifact('ocirepositories', 'oci-digest', clock, NEW),
          appliedOf('oci-digest', 'OCIRepository', clock, NEW),
        ],
        runs: true,
      },
    ],
  },
  {
    name: 'Flux reads an artifact that a generator made of our commit',
    seenIn: "Flux 2.7: ArtifactGenerator with originRevision, in Flux' own example",
    must: 'proven',
    args: forKustomization('generated'),
    frames: ({ ours }, clock) => [
      {
        objects: [
          artifact('externalartifacts', 'generated', clock, NEW, ours),
          appliedOf('generated', 'ExternalArtifact', clock, NEW, ours),
        ],
        runs: true,
      },
    ],
  },
  {
    name: 'a generator does not say of which commit it made the artifact',
    seenIn: 'Flux 2.7: originRevision is left out by default',
    must: 'failed',
    clause: 'origin-unknown',
    args: forKustomization('generated-nothing'),
    frames: (_, clock) => [
      {
        objects: [
          artifact('externalartifacts', 'generated-nothing', clock, NEW),
          appliedOf('generated-nothing', 'ExternalArtifact', clock, NEW),
        ],
      },
    ],
  },
  {
    name: 'the source is a Bucket, whose revisions are checksums',
    seenIn: 'source-controller: a commit never comes',
    must: 'failed',
    clause: 'source-unknown',
    args: forKustomization('bucket'),
    frames: (_, clock) => [{ objects: [appliedOf('bucket', 'Bucket', clock, NEW)] }],
  },
];
