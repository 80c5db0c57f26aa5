/** HelmReleases and Applications among rendered objects: which chart each asks for, and with which values. */
import { parse } from 'yaml';
import { DEPTH_OF_KUBERNETES, tooDeepAt } from '../../manifests/depth.js';
import { type Fields, fieldsAt, isFields, listAt, textAt } from './data.js';
import { groupOf, objectTitle, type RenderedObject } from './rendered-objects.js';

/** All that decides what Helm makes of a release. */
export interface ChartRelease {
  readonly object: RenderedObject;
  readonly chart: string;
  readonly version: string;
  readonly releaseName: string;
  readonly namespace: string;
  /** later ones win */
  readonly values: readonly Fields[];
  /** what else decides and is not known here, one line each */
  readonly unknown: readonly string[];
}

/**
 * The releases of charts that are named by one version.
 * @param namespace of a HelmRelease that names none
 */
export function chartReleases(
  objects: readonly RenderedObject[],
  namespace: string,
): readonly ChartRelease[] {
  return objects.flatMap((object) => {
    if (isApplication(object)) return applicationReleases(object, namespace);
    if (!isHelmRelease(object)) return [];
    const use = useOf(object, objects);
    if (use.chart === undefined || use.version === undefined || use.skipped !== undefined) return [];
    const chart = { chart: use.chart, version: use.version };
    const own = object.namespace === '' ? namespace : object.namespace;
    const target = textAt(object.object, 'spec', 'targetNamespace');
    const { values, unknown } = valuesOf(object, objects);
    const composed = target === undefined ? object.name : `${target}-${object.name}`;
    return [
      {
        object,
        ...chart,
        releaseName: textAt(object.object, 'spec', 'releaseName') ?? composed,
        namespace: target ?? own,
        values,
        unknown,
      },
    ];
  });
}

/** Text that is the same when Helm would make the same of two releases. */
export function inputOf({ chart, version, releaseName, namespace, values }: ChartRelease): string {
  return JSON.stringify([chart, version, releaseName, namespace, values]);
}

const EXACT = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** A chart that an object asks for, whether it can be rendered here or not. */
export interface ChartUse {
  readonly object: RenderedObject;
  /** undefined when it is nowhere to be seen */
  readonly chart: string | undefined;
  /** as it is written: one version, a range; undefined where it is not chosen by version */
  readonly version: string | undefined;
  /** why it can't be rendered from a registry; undefined when it can */
  readonly skipped: string | undefined;
}

/** Every chart that rendered objects ask for. */
export function chartUses(objects: readonly RenderedObject[]): readonly ChartUse[] {
  return objects.flatMap((object) => {
    if (isApplication(object)) return applicationUses(object);
    return isHelmRelease(object) ? [useOf(object, objects)] : [];
  });
}

function isHelmRelease(object: RenderedObject): boolean {
  return object.kind === 'HelmRelease' && groupOf(object) === 'helm.toolkit.fluxcd.io';
}

function isApplication(object: RenderedObject): boolean {
  return object.kind === 'Application' && groupOf(object) === 'argoproj.io';
}

/** The sources of an Application: `sources` counts before `source`, as Argo CD has it. */
export function applicationSources({ object }: RenderedObject): readonly Fields[] {
  const several = listAt(object, 'spec', 'sources');
  return several.length > 0 ? several : [fieldsAt(object, 'spec', 'source')];
}

function applicationUses(object: RenderedObject): readonly ChartUse[] {
  return applicationSources(object).flatMap((source): readonly ChartUse[] => {
    const chart = textAt(source, 'chart');
    if (chart === undefined) return [];
    const name = chart.split('/').at(-1);
    const version = textAt(source, 'targetRevision');
    const skipped =
      version !== undefined && EXACT.test(version) ? undefined : `its version is ${version ?? 'not set'}`;
    return [{ object, chart: name, version, skipped }];
  });
}

/** `spec.chart`, or `spec.chartRef` to an OCIRepository that is rendered with it; of its `ref` digest counts before semver before tag. */
function useOf(object: RenderedObject, objects: readonly RenderedObject[]): ChartUse {
  const named = fieldsAt(object.object, 'spec', 'chart', 'spec');
  const chart = textAt(named, 'chart');
  if (chart !== undefined) {
    const version = textAt(named, 'version');
    const kind = textAt(named, 'sourceRef', 'kind');
    // Flux reads the chart of a Git repository or bucket as it stands there, and no version
    if (kind === 'GitRepository' || kind === 'Bucket') {
      return { object, chart, version: undefined, skipped: `it is read from a ${kind}` };
    }
    const skipped =
      version !== undefined && EXACT.test(version) ? undefined : `its version is ${version ?? 'not set'}`;
    return { object, chart, version, skipped };
  }
  const ref = fieldsAt(object.object, 'spec', 'chartRef');
  const source = objects.find(
    (one) =>
      one.kind === 'OCIRepository' &&
      one.name === ref.name &&
      one.namespace === (textAt(ref, 'namespace') ?? object.namespace),
  );
  const name = textAt(source?.object, 'spec', 'url')?.split('/').at(-1);
  const wanted = fieldsAt(source?.object, 'spec', 'ref');
  const stronger = ['digest', 'semver'].find((field) => textAt(wanted, field) !== undefined);
  if (stronger !== undefined) {
    const why = `its OCIRepository names a ${stronger}, which counts before a tag`;
    return { object, chart: name, version: undefined, skipped: why };
  }
  const version = textAt(wanted, 'tag')?.replaceAll('_', '+');
  const skipped =
    version !== undefined && EXACT.test(version)
      ? undefined
      : `${String(ref.kind ?? 'its chart')} ${String(ref.name ?? '')} is not here with one version`;
  return { object, chart: name, version, skipped };
}

/** What Argo CD gives Helm: values of the Application, then its parameters, which count most. */
function applicationReleases(object: RenderedObject, namespace: string): readonly ChartRelease[] {
  return applicationSources(object).flatMap((source) => {
    const chart = textAt(source, 'chart')?.split('/').at(-1);
    const version = textAt(source, 'targetRevision');
    if (chart === undefined || version === undefined || !EXACT.test(version)) return [];
    const helm = fieldsAt(source, 'helm');
    const { values, unknown } = applicationValues(helm);
    return [
      {
        object,
        chart,
        version,
        releaseName: textAt(helm, 'releaseName') ?? object.name,
        namespace: textAt(object.object, 'spec', 'destination', 'namespace') ?? namespace,
        values,
        unknown,
      },
    ];
  });
}

function applicationValues(helm: Fields): Pick<ChartRelease, 'values' | 'unknown'> {
  const unknown: string[] = [];
  const values: Fields[] = [];
  const { valueFiles } = helm;
  for (const file of Array.isArray(valueFiles) ? valueFiles : []) unknown.push(`values of ${String(file)}`);
  const text = textAt(helm, 'values');
  const own =
    Object.keys(fieldsAt(helm, 'valuesObject')).length > 0
      ? fieldsAt(helm, 'valuesObject')
      : readValues(text ?? '{}');
  if (own === undefined) unknown.push('its values');
  else values.push(own);
  for (const parameter of listAt(helm, 'parameters')) {
    const name = textAt(parameter, 'name') ?? '';
    const value = parameter.value === undefined ? undefined : String(parameter.value);
    if (value === undefined || !/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(name))
      unknown.push(`the parameter ${name}`);
    else values.push(nested(name.split('.'), parameter.forceString === true ? value : typed(value)));
  }
  if (listAt(helm, 'fileParameters').length > 0) unknown.push('its fileParameters');
  return { values, unknown };
}

function nested(keys: readonly string[], value: unknown): Fields {
  const [key, ...rest] = keys;
  if (key === undefined) return {};
  return { [key]: rest.length === 0 ? value : nested(rest, value) };
}

/** As `--set` reads it. */
function typed(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  if (value === 'null') return null;
  return /^(?:0|-?[1-9]\d{0,14})$/.test(value) ? Number(value) : value;
}

function valuesOf(
  { object, namespace }: RenderedObject,
  objects: readonly RenderedObject[],
): Pick<ChartRelease, 'values' | 'unknown'> {
  const values: Fields[] = [];
  const unknown: string[] = [];
  for (const reference of listAt(object, 'spec', 'valuesFrom')) {
    const [kind = '', name = ''] = [textAt(reference, 'kind'), textAt(reference, 'name')];
    const key = textAt(reference, 'valuesKey') ?? 'values.yaml';
    const found = objects.find(
      (one) =>
        one.kind === 'ConfigMap' && kind === 'ConfigMap' && one.name === name && one.namespace === namespace,
    );
    const text = textAt(found?.object, 'data', key);
    const read = text === undefined || reference.targetPath !== undefined ? undefined : readValues(text);
    if (read === undefined) unknown.push(`values of the ${kind} ${name}`);
    else values.push(read);
  }
  const own = fieldsAt(object, 'spec', 'values');
  if (Object.keys(own).length > 0) values.push(own);
  if (listAt(object, 'spec', 'postRenderers').length > 0) unknown.push('its postRenderers');
  return { values, unknown };
}

function readValues(text: string): Fields | undefined {
  if (tooDeepAt(text, DEPTH_OF_KUBERNETES) !== undefined) return undefined;
  try {
    const value: unknown = parse(text, { maxAliasCount: 100, logLevel: 'error' });
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `HelmRelease basket/cache (chart cache 1.5.0)` */
export function describeChartRelease({ object, chart, version }: ChartRelease): string {
  return `${objectTitle(object)} (chart ${chart} ${version})`;
}
