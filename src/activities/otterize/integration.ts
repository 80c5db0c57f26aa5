/**
 * ensureIntegration: the Kubernetes integration exists and its credentials are in the cluster's secret store. The secret is
 * made, stored and read back inside this one activity and leaves it only as a reference (law 2).
 */

import { FAILURE } from '../../domain/failure.js';
import {
  findIntegration,
  readStored,
  recordedCredentials,
  refuseReplacing,
  SECRET_NAMES,
  type StoredCredentials,
  type WantedCredentials,
} from '../../planning/integration.js';
import { secretOwnership } from '../../planning/ownership.js';
import type { OtterizeOrganization } from '../../systems/otterize/organization.js';
import { Secret } from '../../systems/secret.js';
import type { SecretStore, StoredSecret } from '../../systems/secret-store.js';
import type { EffectResult } from '../contracts.js';
import { StepFailed } from '../errors.js';
import type { PermittedEffect } from '../guard/effect-guard.js';

/**
 * @param environmentId as the ledger holds it
 * @throws StepFailed when the store does not give back what was stored; SystemError
 */
export async function ensureIntegration(
  organisation: OtterizeOrganization,
  store: SecretStore,
  environmentId: string,
  effect: PermittedEffect,
  signal: AbortSignal,
): Promise<EffectResult> {
  const name = effect.target.integration;
  const marker = { requestId: effect.requestId, effect: effect.key };
  const finding = await findIntegration(
    organisation,
    store,
    name,
    recordedCredentials(effect.history),
    signal,
  );
  if (finding.state === 'equal') {
    return result(effect.resumed ? 'created' : 'unchanged', finding.integration.id, finding.stored, store);
  }
  const wantedNow = finding.state === 'stale' ? finding.wanted : undefined;
  const ownership = secretOwnership(effect.history, effect.key, store.location);
  const conflict = refuseReplacing(finding.stored, wantedNow, ownership, effect.target.adopt);
  if (conflict !== undefined) {
    throw new StepFailed(FAILURE.taken, {
      system: store.system,
      operation: 'store secrets',
      object: store.location,
      ...conflict,
    });
  }
  if (finding.state === 'stale') {
    const stored = await storeBoth(store, finding.stored, finding.wanted, marker, signal);
    return result(effect.resumed ? 'created' : 'changed', finding.integration.id, stored, store);
  }
  if (finding.state === 'lost') await organisation.deleteIntegration(finding.integration.id, signal);
  const made = await organisation.createKubernetesIntegration(name, environmentId, signal);
  const { integration } = made;
  const credentials =
    made.credentials ?? (await organisation.readIntegrationCredentials(integration.id, signal));
  if (credentials === null) throw credentialsNotShown(name);
  const wanted = { clientId: new Secret(credentials.clientId), clientSecret: credentials.clientSecret };
  const stored = await storeBoth(store, finding.stored, wanted, marker, signal);
  return result(
    finding.state === 'lost' && !effect.resumed ? 'changed' : 'created',
    integration.id,
    stored,
    store,
  );
}

async function storeBoth(
  store: SecretStore,
  before: StoredCredentials,
  wanted: WantedCredentials,
  marker: { readonly requestId: string; readonly effect: string },
  signal: AbortSignal,
): Promise<StoredCredentials> {
  const put = async (name: string, old: StoredSecret | null, value: Secret): Promise<void> => {
    if (old?.value.equals(value) === true) return;
    await store.write(name, value, marker, { signal, ...(old === null ? {} : { replaces: old.version }) });
  };
  await put(SECRET_NAMES.clientSecret, before.clientSecret, wanted.clientSecret);
  await put(SECRET_NAMES.clientId, before.clientId, wanted.clientId);
  const after = await readStored(store, signal);
  const equal =
    after.clientId?.value.equals(wanted.clientId) === true &&
    after.clientSecret?.value.equals(wanted.clientSecret) === true;
  if (!equal) {
    throw new StepFailed(FAILURE.system, {
      system: store.system,
      operation: 'read back secrets',
      object: store.location,
      message: 'the store does not give back what was just written',
      remedy: 'Somebody else writes these secrets: find out who, then retry',
    });
  }
  return after;
}

function credentialsNotShown(name: string): StepFailed {
  return new StepFailed(FAILURE.system, {
    system: 'otterize',
    operation: 'create integration',
    object: name,
    message: 'the vendor made the integration but shows no credentials for it',
    remedy: 'Ask the vendor why; a retry deletes this integration and makes it anew',
  });
}

function result(
  outcome: EffectResult['outcome'],
  integrationId: string,
  stored: StoredCredentials,
  store: SecretStore,
): EffectResult {
  return {
    outcome,
    readBack: {
      integrationId,
      store: store.location,
      clientIdVersion: stored.clientId?.version ?? '',
      clientSecretVersion: stored.clientSecret?.version ?? '',
    },
  };
}
