/** Whether a place runs a commit now: for the environment that releases come from, which nobody promoted to. */
import type { Place } from '../../domain/promotion/path.js';
import type { DeliveryTools } from './activities.js';
import { DeliveryProof, type ProofManner } from './proof.js';
import { namesOf } from './wanted.js';

/** How long it is looked at, and how often, in milliseconds: a comparison that is asked for takes seconds. */
const LOOKS_FOR_MS = 15_000;
const LOOK_EVERY_MS = 500;

/**
 * @param manner `asks nobody`: one look, at what the controller has compared by itself
 * @param onLook called after every look, e.g. to heartbeat
 * @returns proven, and by what, or the first clause that is not met
 * @throws SystemError
 */
export async function placeRuns(
  tools: DeliveryTools,
  place: Place,
  commit: string,
  signal: AbortSignal = new AbortController().signal,
  manner: ProofManner = 'asks',
  onLook: () => void = () => undefined,
): Promise<{ readonly isProven: boolean; readonly message: string }> {
  const proven: string[] = [];
  for (const delivery of place.deliveries) {
    const proof = new DeliveryProof(
      tools,
      {
        delivery,
        ...namesOf(delivery),
        project: place.project,
        commit,
        files: [],
        images: [],
        someImage: false,
        everyWorkload: false,
        charts: new Map(),
      },
      0,
      manner,
    );
    // what nobody asked for may take minutes to be compared
    const deadlineMs = Date.now() + (manner === 'asks' ? LOOKS_FOR_MS : 0);
    for (;;) {
      const { target, look } = await proof.seen(signal);
      onLook();
      if (look.state === 'proven') {
        proven.push(target);
        break;
      }
      if (look.state === 'failed' || Date.now() > deadlineMs) {
        return { isProven: false, message: `${look.clause}: ${target}: ${look.message}` };
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
  return proven.length === 0
    ? { isProven: false, message: 'nothing delivers it, so nothing can prove that it runs' }
    : { isProven: true, message: proven.join(', ') };
}
