import { describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/domain/failure.js';
import { Applications } from '../../../src/systems/argocd/applications.js';
import { KubernetesConnection } from '../../../src/systems/kubernetes/connection.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';

function applicationsAt(server: string): Applications {
  return new Applications({
    connection: new KubernetesConnection({ server, token: async () => new Secret('of-a-test') }),
  });
}

describe('Applications', () => {
  it('asks for a refresh by annotation alone and takes the time from the server', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, { metadata: { name: 'a' } }, { date: 'Mon, 01 Mar 2027 12:00:00 GMT' }),
    );
    expect(await applicationsAt(server.url).requestRefresh('a', 'normal')).toEqual({
      requestedAt: '2027-03-01T12:00:00.000Z',
    });
    expect(server.asked[0]?.target).toContain('/namespaces/argocd/applications/a?');
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({
      metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } },
    });
  });

  it('refuses an object of another shape as malformed', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, { metadata: { name: 'a' }, spec: {}, status: { sync: { status: 7 } } }),
    );
    const reading = applicationsAt(server.url).read('a');
    await expect(reading).rejects.toThrow(SystemError);
    await expect(reading).rejects.toMatchObject({
      trouble: { kind: 'malformed', message: expect.stringContaining('/status/sync/status') },
    });
  });
});
