import type { Flux } from '../systems/flux/flux.js';
import type { Workloads } from '../systems/kubernetes/workloads.js';
import { type ApplicationReader, SharedApplications } from './shared-applications.js';
import { type FluxReader, SharedFlux } from './shared-flux.js';
import type { SharingTimes } from './shared-reading.js';
import { SharedWorkloads, type WorkloadReader } from './shared-workloads.js';

/** The clusters that deliver and run, by the names of their Kubernetes connections. */
export interface Clusters {
  readonly applicationsOf: (at: {
    readonly connection: string;
    readonly namespace: string;
  }) => ApplicationReader;
  readonly fluxOf: (connection: string) => Flux;
  readonly workloadsOf: (connection: string) => Workloads;
}

/** The clusters as all waits of this process see them: what many want to know is asked once. */
export interface WatchedClusters {
  readonly applicationsOf: Clusters['applicationsOf'];
  readonly fluxOf: (connection: string) => FluxReader;
  readonly workloadsOf: (connection: string) => WorkloadReader;
}

/** @param times other than the usual ones, for tests */
export function sharedClusters(clusters: Clusters, times?: SharingTimes): WatchedClusters {
  const applications = new Map<string, ApplicationReader>();
  const flux = new Map<string, FluxReader>();
  const workloads = new Map<string, WorkloadReader>();
  return {
    applicationsOf: (at) =>
      kept(
        applications,
        `${at.connection} ${at.namespace}`,
        () => new SharedApplications(clusters.applicationsOf(at), times),
      ),
    fluxOf: (connection) => kept(flux, connection, () => new SharedFlux(clusters.fluxOf(connection), times)),
    workloadsOf: (connection) =>
      kept(workloads, connection, () => new SharedWorkloads(clusters.workloadsOf(connection), times)),
  };
}

function kept<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}
