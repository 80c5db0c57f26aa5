/** HelmReleases among rendered objects: which chart each asks for, and with which values. */
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
    if (object.kind !== 'HelmRelease' || groupOf(object) !== 'helm.toolkit.fluxcd.io') return [];
    const chart = chartOf(object, objects);
    if (chart === undefined) return [];
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

/** `spec.chart` with one version, or `spec.chartRef` to an OCIRepository that is rendered with it and has one. */
function chartOf(
  { object, namespace }: RenderedObject,
  objects: readonly RenderedObject[],
): { readonly chart: string; readonly version: string } | undefined {
  const named = fieldsAt(object, 'spec', 'chart', 'spec');
  const ref = fieldsAt(object, 'spec', 'chartRef');
  const source = objects.find(
    (one) =>
      one.kind === 'OCIRepository' &&
      one.name === ref.name &&
      one.namespace === (textAt(ref, 'namespace') ?? namespace),
  );
  const chart = textAt(named, 'chart') ?? textAt(source?.object, 'spec', 'url')?.split('/').at(-1);
  const version =
    textAt(named, 'version') ?? textAt(source?.object, 'spec', 'ref', 'tag')?.replaceAll('_', '+');
  return chart === undefined || version === undefined || !EXACT.test(version)
    ? undefined
    : { chart, version };
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
