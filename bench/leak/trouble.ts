/** Trouble of every kind, with answers that repeat what was sent: errors leak most. */

import type { ControlClient } from '../../sandbox/framework/control-client.js';
import type { Fault } from '../../sandbox/framework/faults.js';

type Trouble = Omit<Fault, 'id'>;

const echoing = (operation: string, status: number, more: Partial<Trouble> = {}): Trouble => ({
  match: { operation },
  when: 'before',
  kind: 'status',
  status,
  echo: true,
  ...more,
});
const spoilt = (operation: string, kind: 'cut' | 'malformed', when: Fault['when'] = 'after'): Trouble => ({
  match: { operation },
  when,
  kind,
});

/** What a retry gets over, by system. */
const PASSING: Readonly<Record<string, readonly Trouble[]>> = {
  directory: [
    echoing('token', 500),
    echoing('token', 429, { skip: 1, headers: { 'retry-after': '1' } }),
    echoing('listUsers', 500),
    echoing('listTransitiveMembers', 502),
  ],
  otterize: [
    echoing('organizations_query', 500),
    echoing('createOrganization_mutation', 500, { when: 'after' }),
    echoing('createInvite_mutation', 429, { headers: { 'retry-after': '1' } }),
    spoilt('createEnvironment_mutation', 'malformed'),
    spoilt('createKubernetesIntegration_mutation', 'cut'),
    echoing('integration_query', 502),
  ],
  'key-vault': [
    echoing('GetSecret', 503),
    echoing('SetSecret', 500),
    spoilt('SetSecret', 'malformed'),
    echoing('SetSecret', 500, { when: 'after', skip: 3 }),
  ],
  gitlab: [echoing('getFile', 500), echoing('createCommit', 500, { when: 'after', skip: 1 })],
  kubernetes: [
    echoing('read object', 500),
    echoing('patch object', 503),
    { match: { operation: 'read object' }, when: 'before', kind: 'cut', skip: 2 },
  ],
  tickets: [echoing('take webhook', 500)],
};

/** What fails a cluster for good, until somebody retries it. */
const FINAL: Readonly<Record<string, readonly Trouble[]>> = {
  gitlab: [echoing('createCommit', 401)],
  kubernetes: [
    echoing('patch object', 403, { match: { operation: 'patch object', path: 'externalsecrets' } }),
  ],
  'key-vault': [echoing('SetSecret', 403, { skip: 4 })],
  otterize: [echoing('invites_query', 401, { skip: 2 })],
};

async function arm(
  controlOf: (system: string) => ControlClient,
  troubles: Readonly<Record<string, readonly Trouble[]>>,
  name: string,
): Promise<void> {
  for (const [system, list] of Object.entries(troubles)) {
    for (const [i, trouble] of list.entries()) {
      await controlOf(system).addFault({ ...trouble, id: `${name}-${i}` });
    }
  }
}

/** Troubles that retries of activities get over. */
export function armPassing(controlOf: (system: string) => ControlClient): Promise<void> {
  return arm(controlOf, PASSING, 'passing');
}

/** Troubles that fail clusters: refused credentials and missing rights. */
export function armFinal(controlOf: (system: string) => ControlClient): Promise<void> {
  return arm(controlOf, FINAL, 'final');
}
