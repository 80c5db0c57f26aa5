import { describe, expect, it } from 'vitest';
import { operationIdOf } from '../../src/api/operation-id.js';

describe('the name of an operation', () => {
  it.each([
    ['POST', '/v1/requests', 'createRequest'],
    ['GET', '/v1/requests', 'listRequests'],
    ['GET', '/v1/requests/:requestId', 'getRequest'],
    ['GET', '/v1/requests/:requestId/entries', 'listRequestEntries'],
    ['GET', '/v1/requests/:requestId/plan', 'getRequestPlan'],
    ['POST', '/v1/requests/:requestId/pause', 'pauseRequest'],
    ['GET', '/v1/requests/:requestId/gates/:gate', 'getRequestGate'],
    ['POST', '/v1/requests/:requestId/gates/:gate/decisions', 'createRequestGateDecision'],
    ['POST', '/v1/requests/:requestId/gates/:gate/decisions/check', 'checkRequestGateDecision'],
    ['POST', '/v1/holds/:holdId/release', 'releaseHold'],
    ['GET', '/v1/me', 'getMe'],
    ['GET', '/v1/openapi.json', 'getOpenapiJson'],
  ])('%s %s is %s', (method, path, name) => {
    expect(operationIdOf(method, path)).toBe(name);
  });
});
