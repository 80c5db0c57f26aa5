import { readFile } from 'node:fs/promises';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';

/** The newest version of each client that still runs on Node 20; a caret would let the next one in. */
const NEWEST_FOR_NODE_20 = {
  '@kubernetes/client-node': '1.4.0',
  '@azure/keyvault-secrets': '4.11.2',
  '@azure/identity': '4.13.1',
  '@gitbeaker/rest': '43.8.0',
  '@gitbeaker/requester-utils': '43.8.0',
};

describe('versions of vendor clients', () => {
  it('pins the clients exactly, at versions that run on Node 20', async () => {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    const { dependencies } = Value.Parse(
      Type.Object({ dependencies: Type.Record(Type.String(), Type.String()) }),
      JSON.parse(text),
    );
    expect(dependencies).toMatchObject(NEWEST_FOR_NODE_20);
  });
});
