import { describe, expect, it } from 'vitest';
import type { SyncWindow } from '../../../src/systems/argocd/app-project.js';
import { type Application, applicationFrom } from '../../../src/systems/argocd/application.js';
import { cronSchedule } from '../../../src/systems/argocd/cron.js';
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
    ['a window that opens once a year', [allow({ schedule: '0 0 1 1 *' })], undefined],
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
    ['nothing by a window that cannot be read', [deny({ schedule: 'noon' })], null],
    ['nothing by a window without a length', [deny({ duration: 'long' })], null],
    ['nothing by an unknown time zone', [deny({ timeZone: 'Mars/Olympus' })], null],
  ])('says %s', (_, windows, until) => {
    expect(blockedUntil(windows, APPLICATION, NOON)).toBe(until);
  });
});

describe('cronSchedule', () => {
  it.each<[string, string, boolean]>([
    ['* * * * *', NOON, true],
    ['0 12 1 3 *', NOON, true],
    ['0 12 * mar mon', NOON, true],
    ['0 12 * * 1-5', NOON, true],
    ['0 12 * * sat,sun', NOON, false],
    ['*/15 8-18/2 * * *', NOON, true],
    ['5/10 * * * *', '2027-03-01T12:25:30Z', true],
    ['5/10 * * * *', '2027-03-01T12:20:00Z', false],
    // two restrictions of the day are alternatives
    ['0 12 13 * mon', NOON, true],
    ['0 12 1 * tue', NOON, true],
    ['0 12 2 * tue', NOON, false],
    ['0 12 2 * *', NOON, false],
    ['@daily', '2027-03-01T00:00:10Z', true],
    ['@hourly', '2027-03-01T05:01:00Z', false],
  ])('reads %s at %s', (expression, at, matches) => {
    expect(cronSchedule(expression)?.matches(Date.parse(at))).toBe(matches);
  });

  it.each([
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 7',
    '5-1 * * * *',
    '*/0 * * * *',
    'a * * * *',
    '* * * * * *',
  ])('does not understand %j', (expression) => {
    expect(cronSchedule(expression)).toBeUndefined();
  });

  it('follows summer time', () => {
    const noon = cronSchedule('0 12 * * *', 'Europe/Berlin');
    expect(noon?.matches(Date.parse('2027-01-15T11:00:00Z'))).toBe(true);
    expect(noon?.matches(Date.parse('2027-07-15T10:00:00Z'))).toBe(true);
    expect(noon?.matches(Date.parse('2027-07-15T11:00:00Z'))).toBe(false);
  });
});
