/** ensureValues: the Helm values of a cluster hold the client id or the reference to the secret; one commit, nothing else changed. */
import { FAILURE } from '../../domain/failure.js';
import { SECRET_NAMES } from '../../planning/integration.js';
import { editValues, findValues } from '../../planning/values.js';
import type { GitLabClient } from '../../systems/gitlab/client.js';
import type { SecretStore } from '../../systems/secret-store.js';
import type { EffectResult } from '../contracts.js';
import { StepFailed } from '../errors.js';
import type { PermittedEffect } from '../guard/effect-guard.js';

/**
 * Reads the file, edits it in place, commits with the version that was read; a race is a conflict, and the next attempt
 * reads again.
 * @throws StepFailed when the file is missing or cannot be edited; SystemError
 */
export async function ensureValues(
  gitlab: GitLabClient,
  store: SecretStore,
  effect: PermittedEffect,
  signal: AbortSignal,
): Promise<EffectResult> {
  const { values } = effect.target;
  const clientId = await clientIdOf(store, effect, signal);
  const finding = await findValues(gitlab, values, clientId, signal);
  if (finding.state === 'missing') {
    throw unusable(
      effect,
      'the values file does not exist',
      'Create the file, or correct its path in the fleet file',
    );
  }
  if (finding.state === 'unusable') throw unusable(effect, finding.message, finding.remedy);
  const result = (outcome: EffectResult['outcome'], commit: string): EffectResult => ({
    outcome,
    readBack: {
      project: values.project,
      branch: values.branch,
      file: values.file,
      commit,
      mode: values.mode,
    },
  });
  if (finding.state === 'equal') {
    const { project, branch, file } = values;
    const ours = effect.resumed
      ? await gitlab.findCommitByTrailer(
          { project, branch, effectKey: trailerOf(effect), path: file },
          signal,
        )
      : null;
    return ours === null ? result('unchanged', finding.lastCommitId) : result('changed', ours.commitSha);
  }
  const { commitSha } = await gitlab.commitFiles(
    {
      project: values.project,
      branch: values.branch,
      message: messageOf(effect),
      effectKey: trailerOf(effect),
      actions: [
        {
          action: 'update',
          path: values.file,
          content: editValues(finding.text, values, clientId),
          lastCommitId: finding.lastCommitId,
        },
      ],
    },
    signal,
  );
  return result('changed', commitSha);
}

/** Stands in the trailer of the commit: by it the commit is found again when its answer was lost. */
function trailerOf(effect: PermittedEffect): string {
  return `${effect.requestId}/${effect.key}`;
}

function messageOf(effect: PermittedEffect): string {
  return `Onboard ${effect.target.key} to ${effect.request.content.service}`;
}

async function clientIdOf(store: SecretStore, effect: PermittedEffect, signal: AbortSignal): Promise<string> {
  const stored = await store.read(SECRET_NAMES.clientId, signal);
  if (stored !== null) return stored.value.reveal();
  throw new StepFailed(FAILURE.system, {
    system: store.system,
    operation: 'read secret',
    object: SECRET_NAMES.clientId,
    message: `${store.location} does not hold the client id any more`,
    remedy: `Find out who removed it; a retry of ${effect.target.key} stores it again`,
  });
}

function unusable(effect: PermittedEffect, message: string, remedy: string): StepFailed {
  const { project, file } = effect.target.values;
  return new StepFailed(FAILURE.system, {
    system: 'gitlab',
    operation: 'edit values',
    object: `${project}/${file}`,
    message,
    remedy,
  });
}
