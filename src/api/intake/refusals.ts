/** Refusals of the intake that several of its parts tell. */
import { Problem } from '../problems.js';
import type { Wanted } from './wanted.js';

export function keyReused(): Problem {
  return new Problem('key-reused', 'The Idempotency-Key was sent before with another body.');
}

/** Somebody else asked the same and it is open: that it is, is told; where it stands is not for this caller. */
export function sameOfAnother(requestId: string): Problem {
  return new Problem('open-request', `The same is asked already, by somebody else, in ${requestId}.`, {
    requestId,
    remedy: `Nothing needs to be asked again. Ask an operator where ${requestId} stands, or ask again once it has ended.`,
  });
}

/** This installation has no paths: the family is absent. */
export function noPromotions(): Problem {
  return new Problem('no-promotions', 'No promotion paths are installed, so nothing can be promoted.');
}

/** @param why it cannot give way, if that was asked; @param remedy what to do instead of waiting for it */
export function openRequest(wanted: Wanted, requestId: string, why?: string, remedy?: string): Problem {
  return new Problem(
    'open-request',
    `${wanted.name} has the open request ${requestId} with other content${why === undefined ? '' : `: ${why}`}.`,
    {
      requestId,
      remedy:
        remedy ??
        `Wait until ${requestId} has ended, or cancel it (gatehouse cancel ${requestId}), then ask again.`,
    },
  );
}
