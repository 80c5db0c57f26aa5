/** A `Fleet` file: defaults merged into every cluster, clusters told apart. */
import type { ClusterSpec, FleetManifest, InviteSpec } from '../domain/manifest.js';
import type { ManifestFault } from './fault.js';
import { faultMaker, type Located } from './manifest.js';
import type { PositionedDocument } from './parse.js';
import { type FleetFile, FleetSchema } from './schema.js';
import { type Validated, validateDocument } from './validate.js';

/** Where the Otterize chart keeps its credentials (source: helm-charts, chart otterize-kubernetes 5.0.87). */
const DEFAULT_VALUES_KEY = 'global.otterizeCloud.credentials';

/** Ten clusters at a time keep 25 clusters well inside an hour and the vendor's limits out of sight. */
const DEFAULT_MAX_IN_FLIGHT = 10;

/** Names of organisations, environments and integrations (source: Otterize API, v1beta). */
const VENDOR_NAME = /^[A-Za-z][A-Za-z0-9- _]{0,61}[A-Za-z0-9]$/;

type FleetSpecFile = FleetFile['spec'];
type ClusterFile = FleetSpecFile['clusters'][number];
type DefaultsFile = NonNullable<FleetSpecFile['defaults']>;

/** @returns the fleet with defaults merged, or every fault of the document */
export function readFleet(document: PositionedDocument): Validated<Located<FleetManifest>> {
  const validated = validateDocument(document, FleetSchema);
  if (!validated.ok) return validated;
  const file = validated.value;
  const fault = faultMaker(document);
  const faults: ManifestFault[] = [];
  const clusters: ClusterSpec[] = [];
  const seen = new Map<string, number>();
  for (const [index, cluster] of file.spec.clusters.entries()) {
    const path = ['spec', 'clusters', index];
    const merged = mergeCluster(file.spec.defaults ?? {}, cluster);
    for (const missing of merged.missing) {
      faults.push(fault(path, `"${missing}" is missing: give it here or in spec.defaults`));
    }
    if (merged.spec === undefined) continue;
    clusters.push(merged.spec);
    const organisation = `${merged.spec.name}-${merged.spec.stage}`;
    if (!VENDOR_NAME.test(organisation)) {
      faults.push(
        fault([...path, 'name'], `"${organisation}" is not a name that the vendor takes: 2 to 63 characters`),
      );
    }
    const first = seen.get(organisation);
    if (first !== undefined) {
      faults.push(
        fault(
          [...path, 'name'],
          `"${organisation}" stands twice: clusters[${first}] has the same name and stage; remove one`,
        ),
      );
    } else {
      seen.set(organisation, index);
    }
  }
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    value: {
      document,
      manifest: {
        apiVersion: file.apiVersion,
        kind: file.kind,
        metadata: file.metadata,
        spec: {
          service: file.spec.service,
          clusters,
          rollout: { maxInFlight: file.spec.rollout?.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT },
        },
      },
    },
  };
}

/** Labels are merged key by key, `invite` and `values` field by field; a cluster's own list replaces the default's. */
function mergeCluster(
  defaults: DefaultsFile,
  cluster: ClusterFile,
): { readonly spec?: ClusterSpec; readonly missing: readonly string[] } {
  const stage = cluster.stage ?? defaults.stage;
  const vault = cluster.vault ?? defaults.vault;
  const application = cluster.application ?? defaults.application;
  const project = cluster.values?.project ?? defaults.values?.project;
  const file = cluster.values?.file ?? defaults.values?.file;
  const invite = mergeInvite(defaults, cluster);
  if (
    stage === undefined ||
    vault === undefined ||
    application === undefined ||
    project === undefined ||
    file === undefined ||
    invite === undefined
  ) {
    const needed = {
      stage,
      vault,
      application,
      'values.project': project,
      'values.file': file,
      'invite.domain': invite,
    };
    return {
      missing: Object.entries(needed).flatMap(([name, value]) => (value === undefined ? [name] : [])),
    };
  }
  return {
    missing: [],
    spec: {
      name: cluster.name,
      stage,
      labels: { ...defaults.labels, ...cluster.labels },
      invite,
      vault,
      values: {
        project,
        file,
        mode: cluster.values?.mode ?? defaults.values?.mode ?? 'client-id',
        key: cluster.values?.key ?? defaults.values?.key ?? DEFAULT_VALUES_KEY,
      },
      application,
      adopt: cluster.adopt ?? defaults.adopt ?? false,
    },
  };
}

/** The company domain is only needed to rewrite listed people; a group's members keep their mail. */
function mergeInvite(defaults: DefaultsFile, cluster: ClusterFile): InviteSpec | undefined {
  const domain = cluster.invite?.domain ?? defaults.invite?.domain;
  const people = cluster.invite?.people ?? defaults.invite?.people ?? [];
  const groups = cluster.invite?.groups ?? defaults.invite?.groups ?? [];
  if (domain === undefined && people.length > 0) return undefined;
  return { domain: domain ?? '', people: people.map((mail) => mail.toLowerCase()), groups };
}
