/**
 * `.argocd-source.yaml` and `.argocd-source-<application>.yaml`: settings that Argo CD lays over those of the Application, such
 * as the image that argocd-image-updater writes (source: argo-cd, reposerver mergeSourceParameters).
 */
import { parse } from 'yaml';
import type { FileSet } from '../../domain/file-set.js';
import { RenderedError } from './rendered-objects.js';

/**
 * What such a file sets is not rendered here, so nobody may be shown a rendering beside it.
 * @throws RenderedError naming the file and what it sets
 */
export function refuseSourceOverrides(
  files: FileSet,
  directory: string,
  applications: readonly string[],
): void {
  for (const name of ['.argocd-source.yaml', ...applications.map((one) => `.argocd-source-${one}.yaml`)]) {
    const path = directory === '' ? name : `${directory}/${name}`;
    const text = files.get(path);
    if (text === undefined) continue;
    throw new RenderedError(
      `${path} sets ${settingsIn(text)} over what the directory says`,
      'Write what it sets into the kustomization or the values, and remove the file: then Git says once what runs.',
    );
  }
}

function settingsIn(text: string): string {
  try {
    const value: unknown = parse(text, { maxAliasCount: 0, logLevel: 'silent' });
    return JSON.stringify(value).slice(0, 300);
  } catch {
    return 'something that can not be read';
  }
}
