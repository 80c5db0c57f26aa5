import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { isLoose, type Loose } from '../kubernetes/objects.js';
import type { KubeClient } from './kube-client.js';

const CRDS = fileURLToPath(new URL('../../third_party/specs/crds/', import.meta.url));

/**
 * Makes the vendors' custom resource definitions known to a new API server, and waits until it serves them.
 * @param folders below third_party/specs/crds
 */
export async function installDefinitions(client: KubeClient, folders: readonly string[]): Promise<void> {
  const definitions: Loose[] = [];
  for (const folder of folders) {
    for (const file of await readdir(`${CRDS}${folder}`)) {
      const documents = parseAllDocuments(await readFile(`${CRDS}${folder}/${file}`, 'utf8'));
      for (const document of documents) {
        const object: unknown = document.toJS();
        if (isLoose(object)) definitions.push(object);
      }
    }
  }
  await Promise.all(definitions.map((definition) => client.create(definition)));
  await Promise.all(definitions.map((definition) => client.until(definition, isEstablished)));
}

function isEstablished(definition: Loose | null): boolean {
  const conditions: unknown = isLoose(definition?.status) ? definition.status.conditions : undefined;
  return (
    Array.isArray(conditions) &&
    conditions.some((one: unknown) => isLoose(one) && one.type === 'Established' && one.status === 'True')
  );
}
