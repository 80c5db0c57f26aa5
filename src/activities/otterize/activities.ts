/** Activities on the queue `otterize`. */
import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { effectKey } from '../../domain/plan.js';
import { lastPassed } from '../../domain/record.js';
import type { SecretStoreTarget } from '../../domain/request.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { OtterizeClient } from '../../systems/otterize/client.js';
import type { OtterizeOrganization } from '../../systems/otterize/organization.js';
import type { SecretStore } from '../../systems/secret-store.js';
import type { OtterizeActivities } from '../contracts.js';
import { effectRefused } from '../errors.js';
import type { EffectGuard, PermittedEffect } from '../guard/effect-guard.js';
import { report } from '../heartbeats.js';
import { WaitNotes } from '../wait-notes.js';
import { waitFor } from '../waiting.js';
import { lookAtComponents } from './connected.js';
import { ENVIRONMENT_ID, ensureEnvironment } from './environment.js';
import { ensureIntegration } from './integration.js';
import { ensureInvites } from './invites.js';
import { ensureOrganisation, ORGANISATION_ID } from './organisation.js';

/** The check that the wait becomes. */
const CONNECTED = 'connected';

export interface OtterizeActivityDeps {
  readonly ledger: WorkerLedger;
  readonly guard: EffectGuard;
  readonly otterize: OtterizeClient;
  readonly secretStoreOf: (target: SecretStoreTarget) => SecretStore;
  /** of the installation: an input may ask for less, never for more */
  readonly waitAtMostMs: number;
}

export function createOtterizeActivities(deps: OtterizeActivityDeps): OtterizeActivities {
  const { guard, otterize, ledger } = deps;
  const organisationOf = async (effect: PermittedEffect): Promise<OtterizeOrganization> =>
    otterize.organization(textOf(await effect.readBackOf('organisation'), ORGANISATION_ID, effect.key));

  return {
    ensureOrganisation: (ref) =>
      guard.make(ref, 'otterize', 'organisation', (effect) =>
        ensureOrganisation(otterize, effect, cancellationSignal()),
      ),

    ensureInvites: (ref) =>
      guard.make(ref, 'otterize', 'invites', async (effect) => {
        const values = await ledger.personal(effect.plan.invitees);
        const emails = effect.plan.invitees.flatMap((invitee) => values.get(invitee) ?? []);
        return await ensureInvites(
          await organisationOf(effect),
          emails,
          () => report(activityInfo().attempt),
          cancellationSignal(),
        );
      }),

    ensureEnvironment: (ref) =>
      guard.make(ref, 'otterize', 'environment', async (effect) =>
        ensureEnvironment(await organisationOf(effect), effect, cancellationSignal()),
      ),

    ensureIntegration: (ref) =>
      guard.make(ref, 'otterize', 'integration', async (effect) =>
        ensureIntegration(
          await organisationOf(effect),
          deps.secretStoreOf(effect.target.secretStore),
          textOf(await effect.readBackOf('environment'), ENVIRONMENT_ID, effect.key),
          effect,
          cancellationSignal(),
        ),
      ),

    async waitForConnected(input) {
      const { verified } = await guard.permitted(input);
      const { record } = verified;
      const organisation = textOf(
        await guard.readBackOf(record, input, 'organisation'),
        ORGANISATION_ID,
        input.target,
      );
      const integration = textOf(
        await guard.readBackOf(record, input, 'integration'),
        'integrationId',
        input.target,
      );
      const sync = lastPassed(record, input.target, 'sync');
      if (sync === undefined) {
        throw effectRefused(input.target, 'the ledger holds no finished sync', 'Retry the cluster');
      }
      const deployedAtMs = Date.parse(String(sync.body.readBack.deployedAt));
      const readBack = await waitFor(
        {
          system: 'otterize',
          operation: 'wait for components',
          object: input.target,
          maxWaitMs: Math.min(input.maxWaitMs, deps.waitAtMostMs),
          remedy: 'Look at the pods of the stack in the cluster, then retry',
          notes: new WaitNotes(ledger, { ...input, step: CONNECTED }),
        },
        (signal) => lookAtComponents(otterize.organization(organisation), integration, deployedAtMs, signal),
      );
      await ledger.passCheck(input.requestId, {
        key: effectKey(input.target, CONNECTED),
        system: 'otterize',
        readBack,
      });
      return { readBack };
    },
  };
}

function textOf(readBack: Readonly<Record<string, unknown>>, field: string, object: string): string {
  const value = readBack[field];
  if (typeof value === 'string' && value !== '') return value;
  throw effectRefused(object, `the ledger holds no ${field}`, 'Retry the cluster from its first step');
}
