import { beforeAll, describe, expect, it } from 'vitest';
import { SpecCheck } from '../../../sandbox/framework/spec-check.js';

const INTEGRATION = {
  id: 'int_1',
  name: 'harbour-01-dev',
  type: 'KUBERNETES',
  organizationId: 'org_1',
  credentials: { clientId: 'cli_1', clientSecret: '' },
};

describe.each([
  [
    'otterize/openapi.v1beta.json',
    'organization_query',
    'GET',
    '/organizations/org_1',
    '/organizations/UPPER',
  ],
  [
    'msgraph/graph-v1.0-users-groups.derived.openapi.json',
    'getUser',
    'GET',
    '/users/ada',
    '/users/ada?$unknown=1',
  ],
  [
    'azure-keyvault/keyvault-secrets-7.6-condensed.swagger.json',
    'GetSecret',
    'GET',
    '/secrets/a/b?api-version=7.6',
    '/secrets/a/b',
  ],
])('%s', (file, operation, method, good, bad) => {
  it('accepts a right request and names what is wrong with another', async () => {
    const spec = await SpecCheck.load(file);
    const request = (url: string) => {
      const { pathname, searchParams } = new URL(url, 'http://vendor.example');
      return {
        method,
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: {},
        body: undefined,
      };
    };
    expect(spec.request(operation, request(good))).toEqual([]);
    expect(spec.request(operation, request(bad))).not.toEqual([]);
  });
});

describe('answers', () => {
  let spec: SpecCheck;
  beforeAll(async () => {
    spec = await SpecCheck.load('otterize/openapi.v1beta.json');
  });

  it('pass when they are as the vendor describes them', () => {
    expect(spec.answer('integration_query', 200, INTEGRATION)).toEqual([]);
    expect(spec.answer('integration_query', 429, { message: 'slow down' })).toEqual([]);
  });

  it('fail for a missing field, a wrong type and a word that is not in a list', () => {
    const { credentials: _, ...without } = INTEGRATION;
    expect(spec.answer('integration_query', 200, without)).toHaveLength(1);
    expect(spec.answer('integration_query', 200, { ...INTEGRATION, name: 1 })).toHaveLength(1);
    expect(spec.answer('integration_query', 200, { ...INTEGRATION, type: 'NONE' })).toHaveLength(1);
  });

  it('fail for a status that the vendor does not give', async () => {
    const graph = await SpecCheck.load('msgraph/graph-v1.0-users-groups.derived.openapi.json');
    expect(graph.answer('getUser', 201, {})).toEqual(['status 201 is not among 200, 4XX, 5XX']);
  });

  it('of an operation that the spec does not have are an error of ours', () => {
    expect(() => spec.answer('rotateCredentials', 200, {})).toThrow(/no operation rotateCredentials/);
  });
});
