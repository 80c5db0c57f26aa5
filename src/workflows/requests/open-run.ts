import type { RunCarry, TimingProfile } from '../../domain/messages.js';
import { type Activities, activitiesFor } from '../activity-options.js';
import { GateKeeper } from '../gates/gate-keeper.js';
import { Rollout } from '../rollout/rollout.js';
import { RequestRun } from './request-run.js';

/** What the workflow of every family begins with; its story goes on from there. */
export interface OpenRun<T extends { readonly key: string }> {
  readonly activities: Activities;
  readonly gates: GateKeeper;
  readonly rollout: Rollout<T>;
  readonly run: RequestRun<T>;
}

interface RunInput {
  readonly requestId: string;
  readonly timing: TimingProfile;
  readonly carry?: RunCarry;
}

/**
 * @param noun what is rolled out, in the plural, e.g. `Clusters`
 * @param again continues as new with the input; never returns
 */
export function openRun<T extends { readonly key: string }>(
  { requestId, timing, carry }: RunInput,
  noun: string,
  again: (input: RunInput) => Promise<void>,
): OpenRun<T> {
  const activities = activitiesFor(timing);
  const gates = new GateKeeper(requestId, activities, carry);
  const rollout = new Rollout<T>(requestId, activities, carry?.cancelled ?? false);
  const run = new RequestRun({
    requestId,
    activities,
    gates,
    rollout,
    noun,
    continueAsNew: (next) => again({ requestId, timing, carry: next }),
  });
  return { activities, gates, rollout, run };
}
