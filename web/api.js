/** Calls to the API of Gatehouse, with the session of this browser. */

/**
 * @typedef {import('../src/api/problems.js').ProblemBody} ProblemBody
 */

/** The API said no, or did not answer. */
export class CallFailed extends Error {
  /** @param {ProblemBody} problem */
  constructor(problem) {
    super(problem.detail);
    this.name = 'CallFailed';
    this.problem = problem;
    /** stable name of the problem, e.g. `outdated` */
    this.kind = problem.type.slice(problem.type.lastIndexOf(':') + 1);
  }
}

/**
 * @param {string} path
 * @returns {Promise<any>} the body as the API's schema says
 * @throws {CallFailed}
 */
export function read(path) {
  return call(path, { method: 'GET' });
}

/**
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>} the body as the API's schema says, if there is one
 * @throws {CallFailed}
 */
export function send(path, body) {
  return call(path, {
    method: 'POST',
    headers: {
      // says that it is this page that asks: no form and no other site can send it
      'x-gatehouse-page': '1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function call(path, init) {
  let response;
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin', redirect: 'error' });
  } catch {
    throw new CallFailed(unreachable('Gatehouse does not answer.'));
  }
  if (response.status === 204) return undefined;
  const body = await response.json().catch(() => unreachable(`Gatehouse answered ${response.status}.`));
  if (!response.ok) throw new CallFailed(body);
  return body;
}

/**
 * @param {string} detail
 * @returns {ProblemBody}
 */
function unreachable(detail) {
  return {
    type: 'urn:gatehouse:problem:unavailable',
    title: 'Gatehouse cannot be reached',
    status: 503,
    detail,
    instance: '',
    remedy: 'Check your connection and try again. Nothing is lost.',
  };
}

/**
 * Address of a request in the API, with more path behind it.
 * @param {string} requestId
 * @param {...string} more
 */
export function requestPath(requestId, ...more) {
  return ['/v1/requests', requestId, ...more]
    .map((part, i) => (i === 0 ? part : encodeURIComponent(part)))
    .join('/');
}
