/** Compares the values file in Git with what must stand in it. */
import type { ClusterTarget } from '../domain/request.js';
import { forbiddenPath, wantedValues } from '../domain/values.js';
import type { GitLabClient } from '../systems/gitlab/client.js';
import { readScalars, setScalars } from './edits/yaml-edit.js';
import { YamlEditError } from './edits/yaml-edit-error.js';
import type { ScalarValue } from './edits/yaml-scalar.js';

export type ValuesFinding =
  | { readonly state: 'missing' }
  | { readonly state: 'unusable'; readonly message: string; readonly remedy: string }
  | {
      readonly state: 'equal' | 'different';
      readonly text: string;
      readonly lastCommitId: string;
      /** what would change: a line for each value that goes and each that comes */
      readonly diff: readonly string[];
    };

/**
 * @param clientId the stored client id; undefined while planning a cluster that has none yet
 * @throws SystemError
 */
export async function findValues(
  gitlab: GitLabClient,
  values: ClusterTarget['values'],
  clientId: string | undefined,
  signal?: AbortSignal,
): Promise<ValuesFinding> {
  const file = await gitlab.readFile(
    { project: values.project, branch: values.branch, path: values.file },
    signal,
  );
  if (file === null) return { state: 'missing' };
  try {
    const wanted = wantedValues(values, clientId);
    const forbidden = forbiddenPath(values);
    const found = readScalars(file.content, [...wanted.keys(), forbidden]);
    const plain = found.get(forbidden);
    if (plain !== undefined && plain !== null && plain !== '') {
      return {
        state: 'unusable',
        message: `a client secret stands in clear at ${forbidden}`,
        remedy: 'Revoke that secret at the vendor, take it out of the file, then ask again',
      };
    }
    const equal = [...wanted].every(([path, value]) => value !== undefined && found.get(path) === value);
    const diff = valuesDiff(wanted, found);
    const { content: text, lastCommitId } = file;
    return { state: equal ? 'equal' : 'different', text, lastCommitId, diff };
  } catch (error) {
    if (!(error instanceof YamlEditError)) throw error;
    return { state: 'unusable', message: error.message, remedy: error.remedy };
  }
}

/** A value of Git that is longer is no client id or name. */
const MAX_SHOWN = 100;
/** Stands for the client id while there is none yet. */
const CLIENT_ID_TO_COME = '<the client id, made when this is carried out>';

/**
 * What would change of the file, value by value: `- key: old`, `+ key: new`. Whole lines are not shown, since a map on one line
 * may hold anybody's secret beside ours.
 */
function valuesDiff(
  wanted: ReadonlyMap<string, string | undefined>,
  found: ReadonlyMap<string, ScalarValue | null | undefined>,
): readonly string[] {
  return [...wanted].flatMap(([path, value]) => {
    const now = found.get(path);
    if (value !== undefined && now === value) return [];
    return [
      ...(now === undefined || now === null ? [] : [`- ${path}: ${String(now).slice(0, MAX_SHOWN)}`]),
      `+ ${path}: ${value ?? CLIENT_ID_TO_COME}`,
    ];
  });
}

/**
 * The file with the wanted values in it, everything else byte for byte as it was.
 * @throws YamlEditError
 */
export function editValues(text: string, values: ClusterTarget['values'], clientId: string): string {
  const known = [...wantedValues(values, clientId)].filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return setScalars(text, Object.fromEntries(known));
}
