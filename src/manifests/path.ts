/** A `Path` file: defaults filled in, the environments told apart, what each needs checked. */
import type { Check, PathEnvironment, PathManifest, Place } from '../domain/promotion/path.js';
import type { ManifestFault, PathStep } from './fault.js';
import { faultMaker, type Located } from './manifest.js';
import { onceEach } from './once.js';
import type { PositionedDocument } from './parse.js';
import { placeFaults, usageFaults } from './path-faults.js';
import { type PathContext, placesOf, type Standing } from './path-places.js';
import { rulesOf } from './path-rules.js';
import { type EnvironmentFile, PathSchema, RULE_FIELDS } from './path-schema.js';
import { type Validated, validateDocument } from './validate.js';

/** @returns the path with defaults filled in, or every fault of the document */
export function readPath(document: PositionedDocument): Validated<Located<PathManifest>> {
  const validated = validateDocument(document, PathSchema);
  if (!validated.ok) return validated;
  const file = validated.value;
  const faults: ManifestFault[] = [];
  const make = faultMaker(document);
  const fault: PathContext['fault'] = (path, message) => {
    const found = make(path, message);
    // what an environment says wrong is told once, not once per place
    if (faults.some((other) => other.path === found.path && other.message === found.message)) return;
    faults.push(found);
  };
  const places = new Map<Place, Standing>();
  const nowhere: Standing = { path: ['spec', 'environments'], change: ['spec', 'environments'] };
  const context: PathContext = {
    spec: file.spec,
    fault,
    standsAt: (place) => places.get(place) ?? nowhere,
    remember: (place, standing) => places.set(place, standing),
  };
  const environments = file.spec.environments.map((environment, index) =>
    environmentOf(environment, index, context),
  );
  onceEach(
    environments.map(({ name }) => name),
    (index) => ['spec', 'environments', index, 'name'],
    fault,
  );
  onceEach(
    (file.spec.charts ?? []).map(({ name }) => name),
    (index) => ['spec', 'charts', index, 'name'],
    fault,
  );
  const [first, second, ...rest] = environments;
  if (first === undefined || second === undefined) return { ok: false, faults };
  const manifest: PathManifest = {
    apiVersion: file.apiVersion,
    kind: file.kind,
    metadata: file.metadata,
    spec: {
      owners: file.spec.owners,
      images: file.spec.images ?? [],
      charts: file.spec.charts ?? [],
      environments: [first, second, ...rest],
    },
  };
  placeFaults(manifest, context);
  usageFaults(manifest, context);
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: { document, manifest } };
}

function environmentOf(file: EnvironmentFile, index: number, context: PathContext): PathEnvironment {
  const path: PathStep[] = ['spec', 'environments', index];
  if (index === 0) firstFaults(file, context);
  const places = placesOf(file, path, context);
  const environment = {
    name: file.name,
    places,
    ...(file.shadow === true ? { shadow: true as const } : {}),
    ...rulesOf(file, path, namespacesOf(places), context),
  };
  onceEach(
    environment.checks.map(({ name }: Check) => name),
    (position) => [...path, 'checks', position, 'name'],
    context.fault,
  );
  return environment;
}

/** Nothing is promoted into the first environment: what is said about it would never be done. */
function firstFaults(file: EnvironmentFile, { fault }: PathContext): void {
  for (const field of Object.keys(file)) {
    if (!RULE_FIELDS.includes(field)) continue;
    fault(
      ['spec', 'environments', 0, field],
      'releases come from the first environment: nothing is promoted there',
    );
  }
}

/** Where workloads run is where manifests may put things, unless the file says otherwise. */
function namespacesOf(places: readonly Place[]): readonly string[] {
  const namespaces = places.flatMap(({ deliveries }) =>
    deliveries.flatMap(({ workloads }) => workloads.map(({ namespace }) => namespace)),
  );
  return [...new Set(namespaces)].sort();
}
