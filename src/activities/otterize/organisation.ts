/** ensureOrganisation: one organisation per cluster and stage, made with its name in one call. */
import { findOrganisation } from '../../planning/organisation.js';
import { ownershipOf } from '../../planning/ownership.js';
import type { OtterizeClient } from '../../systems/otterize/client.js';
import type { EffectResult } from '../contracts.js';
import { nameTaken } from '../errors.js';
import type { PermittedEffect } from '../guard/effect-guard.js';

/** Field of the read-back that later effects and requests find the organisation by. */
export const ORGANISATION_ID = 'organisationId';

/**
 * Looks up by name, adopts what is ours, creates with the name (create-then-rename leaves orphans), reads back.
 * @throws StepFailed `NameTaken`; SystemError
 */
export async function ensureOrganisation(
  client: OtterizeClient,
  effect: PermittedEffect,
  signal: AbortSignal,
): Promise<EffectResult> {
  const name = effect.target.organisation;
  const ownership = ownershipOf(earlier(effect), ORGANISATION_ID);
  const finding = await findOrganisation(client, name, ownership, signal);
  if (finding.state === 'ours') {
    const known = ownership.ids.has(finding.organisation.id);
    const made = effect.planned.action === 'adopt' ? 'adopted' : 'created';
    return result(known ? 'unchanged' : made, finding.organisation);
  }
  if (finding.state === 'foreign') {
    if (effect.planned.action !== 'adopt') {
      throw nameTaken(
        'otterize',
        'organisation',
        name,
        `If it is yours, set "adopt: true" for ${effect.target.key} in the file and ask again; else choose another name`,
      );
    }
    return result('adopted', finding.organisation);
  }
  await client.createOrganization(name, signal);
  const made = await findOrganisation(
    client,
    name,
    { ...ownership, openSinceMs: ownership.openSinceMs ?? effect.reservedAtMs },
    signal,
  );
  if (made.state === 'absent') {
    throw nameTaken(
      'otterize',
      'organisation',
      name,
      'It was created but cannot be read back: ask the vendor',
    );
  }
  return result('created', made.organisation);
}

/** A reservation that this attempt has just made explains no object: nothing was done under it yet. */
function earlier(effect: PermittedEffect): PermittedEffect['history'] {
  if (effect.resumed) return effect.history;
  return effect.history.filter(
    ({ type, requestId, body }) =>
      type !== 'effect.reserved' || requestId !== effect.requestId || body.epoch !== effect.epoch,
  );
}

function result(
  outcome: EffectResult['outcome'],
  organisation: { readonly id: string; readonly name: string; readonly uniqueName: string },
): EffectResult {
  return {
    outcome,
    readBack: {
      [ORGANISATION_ID]: organisation.id,
      name: organisation.name,
      uniqueName: organisation.uniqueName,
    },
  };
}
