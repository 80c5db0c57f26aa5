/**
 * What somebody has typed and not sent yet, kept in this window only, so that signing in again loses nothing. It holds
 * evidence and comment, never a decision.
 *
 * @typedef {Record<string, string>} Draft
 */

const PREFIX = 'gatehouse.draft ';

/** @param {{ personId: string, requestId: string, gate: string }} place */
function keyOf({ personId, requestId, gate }) {
  return PREFIX + JSON.stringify([personId, requestId, gate]);
}

/**
 * @param {{ personId: string, requestId: string, gate: string }} place
 * @returns {Draft}
 */
export function readDraft(place) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keyOf(place)) ?? '{}');
    return Object.fromEntries(Object.entries(kept).filter(([, text]) => typeof text === 'string'));
  } catch {
    return {};
  }
}

/**
 * @param {{ personId: string, requestId: string, gate: string }} place
 * @param {Draft} draft
 */
export function keepDraft(place, draft) {
  sessionStorage.setItem(keyOf(place), JSON.stringify(draft));
}

/** @param {{ personId: string, requestId: string, gate: string }} place */
export function forgetDraft(place) {
  sessionStorage.removeItem(keyOf(place));
}

export function forgetDrafts() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}
