import { describe, expect, it } from 'vitest';
import type { SyncWindow } from '../../../src/systems/argocd/app-project.js';
import { type Application, applicationFrom } from '../../../src/systems/argocd/application.js';
import { blockedUntil } from '../../../src/systems/argocd/sync-windows.js';

/** a Monday */
const NOON = '2027-03-01T12:00:00Z';

const APPLICATION: Application = applicationFrom(
  {
    metadata: { name: 'shop-prod' },
    spec: {
      destination: { name: 'harbour-01', server: 'https://harbour-01.example.com', namespace: 'shop' },
    },
  },
  { system: 'argocd', operation: 'get', object: 'shop-prod' },
);

function deny(change: Partial<SyncWindow> = {}): SyncWindow {
  return { kind: 'deny', schedule: '0 11 * * *', duration: '2h', applications: ['*'], ...change };
}

function allow(change: Partial<SyncWindow> = {}): SyncWindow {
  return { ...deny(change), kind: 'allow' };
}

describe('blockedUntil', () => {
  it.each<[string, readonly SyncWindow[], string | null | undefined]>([
    ['nothing without windows', [], null],
    ['a deny window until its end', [deny()], '2027-03-01T13:00:00.000Z'],
    ['nothing after a deny window', [deny({ duration: '59m' })], null],
    ['nothing in the minute in which a deny window ends', [deny({ duration: '1h' })], null],
    [
      'a deny window from its first minute on',
      [deny({ schedule: '0 12 * * *' })],
      '2027-03-01T14:00:00.000Z',
    ],
    ['an allow window that is open', [allow()], null],
    ['an allow window until it opens', [allow({ schedule: '30 14 * * *' })], '2027-03-01T14:30:00.000Z'],
    ['an allow window until next Saturday', [allow({ schedule: '0 6 * * sat' })], '2027-03-06T06:00:00.000Z'],
    [
      'deny over allow, and on to the next time that both permit',
      [allow(), deny({ schedule: '45 11 * * *' })],
      '2027-03-02T11:00:00.000Z',
    ],
    [
      'two deny windows, one after the other',
      [deny(), deny({ schedule: '0 13 * * *', duration: '30m' })],
      '2027-03-01T13:30:00.000Z',
    ],
    [
      'the time zone of the window',
      [deny({ schedule: '0 12 * * *', timeZone: 'Europe/Berlin' })],
      '2027-03-01T13:00:00.000Z',
    ],
    ['a window that opens once a year', [allow({ schedule: '0 0 1 1 *' })], '2028-01-01T00:00:00.000Z'],
    [
      'nothing of a window that is years away',
      [allow({ schedule: '0 0 29 2 *', duration: '1h' })],
      '2028-02-29T00:00:00.000Z',
    ],
    ['that a window never opens', [allow({ schedule: '0 0 30 2 *' })], undefined],
    [
      'that summer time leaps over the beginning of a window, which then does not begin',
      [allow({ schedule: '30 2 28 3 *', timeZone: 'Europe/Berlin' })],
      undefined,
    ],
    ['nothing by a window of other applications', [deny({ applications: ['bank-*'] })], null],
    ['a window of its name', [deny({ applications: ['shop-*'] })], '2027-03-01T13:00:00.000Z'],
    [
      'a window of its namespace',
      [deny({ applications: null, namespaces: ['shop'] })],
      '2027-03-01T13:00:00.000Z',
    ],
    [
      'a window of the address of its cluster',
      [deny({ applications: null, clusters: ['https://harbour-*'] })],
      '2027-03-01T13:00:00.000Z',
    ],
    ['nothing when one of all fails', [deny({ namespaces: ['bank'], andOperator: true })], null],
    // argo-cd 3.5: CanSync answers false with an error, and auto-sync does not look at the error
    ['for ever by a window that cannot be read', [deny({ schedule: 'noon' })], undefined],
    ['for ever by an allow window that cannot be read', [allow({ schedule: 'noon' })], undefined],
    ['for ever by a window without a length', [deny({ duration: 'long' })], undefined],
    [
      'nothing by one of others that cannot be read',
      [deny({ schedule: 'noon', applications: ['bank'] })],
      null,
    ],
    ['an unknown time zone as UTC', [deny({ timeZone: 'Mars/Olympus' })], '2027-03-01T13:00:00.000Z'],
    ['nothing by a kind that is none', [deny({ kind: 'forbid' })], null],
  ])('says %s', (_, windows, until) => {
    expect(blockedUntil(windows, APPLICATION, NOON)).toBe(until);
  });
});
