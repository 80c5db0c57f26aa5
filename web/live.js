/** The status of a request as it changes, by server-sent events. */
import { requestPath } from './api.js';

/**
 * @typedef {import('../src/api/schemas/requests.js').StatusBody} Status
 * @typedef {'live' | 'reconnecting' | 'ended'} Connection
 */

/** A server that is busy or away is asked again after this, and later each time. */
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * @param {string} requestId
 * @param {object} on
 * @param {(status: Status) => void} on.status
 * @param {(connection: Connection) => void} on.connection
 * @param {() => Promise<void>} on.lost the stream was refused: find out why; when it does not throw, it is tried again
 */
export function follow(requestId, on) {
  let waitMs = FIRST_WAIT_MS;
  const connect = () => {
    const source = new EventSource(requestPath(requestId, 'events'));
    source.addEventListener('open', () => {
      waitMs = FIRST_WAIT_MS;
      on.connection('live');
    });
    source.addEventListener('status', (event) => on.status(JSON.parse(event.data)));
    source.addEventListener('end', () => {
      source.close();
      on.connection('ended');
    });
    source.addEventListener('error', () => {
      on.connection('reconnecting');
      // a stream that only broke off comes back by itself
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => {
        on.lost().then(connect, () => {});
      }, waitMs);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    });
  };
  connect();
}
