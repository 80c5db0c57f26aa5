import { describe, expect, it } from 'vitest';
import { PLAIN } from '../../src/cli/output/style.js';
import { changeLines } from '../../src/cli/status/change-lines.js';
import { askedLine, listLines, statusLines } from '../../src/cli/status/render-status.js';
import { exitCodeOf } from '../../src/cli/status/status-word.js';
import { at, NOW, nearlyDone, PROCUREMENT, SOFT_DELETED, status, target } from './statuses.js';

const shown = (of: Parameters<typeof statusLines>[0], width = 10_000): readonly string[] =>
  statusLines(of, PLAIN, width, NOW);

describe('the status of a request', () => {
  it('says what failed, what to do, and the command that goes on', () => {
    expect(shown(nearlyDone())).toEqual([
      'FAILED  24 of 25 done. Waited 31d, worked 38m.',
      'harbour-09/prod  Key Vault: secret is soft-deleted. Recover or purge it, then:',
      '                 gatehouse retry req-7k2m --cluster harbour-09/prod',
      '                 (set secret otterize-cloud-client-id in kv-harbour-09-prod)',
    ]);
  });

  it('offers no retry after the end', () => {
    const lines = shown(nearlyDone({ status: 'failed', endedAt: at(0), message: '24 of 25 done, 1 failed' }));
    expect(lines.join('\n')).not.toContain('gatehouse retry');
    expect(lines).toContain('harbour-09/prod  Key Vault: secret is soft-deleted. Recover or purge it.');
    expect(lines).toContain('24 of 25 done, 1 failed');
  });

  it('breaks long remedies at the width of the terminal', () => {
    const remedy = 'Recover the secret in the portal under Manage deleted secrets, or purge it for good.';
    const failed = target('harbour-09/prod', 'failed', { failure: { ...SOFT_DELETED, remedy } });
    const lines = shown(status({ status: 'attention', targets: [failed] }), 60);
    for (const line of lines.slice(1, 4)) expect(line.length).toBeLessThanOrEqual(60);
    expect(lines.map((line) => line.trim()).join(' ')).toContain('or purge it for good, then:');
  });

  it('shows which gates are open since when, who decides and by when', () => {
    const waiting = status({
      status: 'waiting',
      gates: [
        PROCUREMENT,
        { ...PROCUREMENT, gate: 'data-protection', state: 'not-open', waitsFor: ['procurement'] },
      ],
      waitingFor: [
        {
          condition: 'gate procurement: 0 of 1 approvals',
          sinceMs: 0,
          who: 'group procurement',
          next: 'the rollout starts',
          gate: 'procurement',
        },
      ],
      targets: [target('harbour-01/dev', 'pending')],
      times: { waitedMs: 259_200_000, workedMs: 40_000 },
    });
    expect(shown(waiting)).toEqual([
      'WAITING  0 of 1 done. Waited 3d, worked 40s.',
      '◔ procurement      0 of 1  open 3d            group procurement decides, due 2027-05-20',
      '· data-protection  0 of 1  after procurement',
      'Whoever may decide: gatehouse approve req-7k2m --gate procurement',
    ]);
  });

  it('says why a paused request waits', () => {
    const paused = status({
      status: 'paused',
      targets: [target('harbour-01/dev', 'pending')],
      waitingFor: [
        {
          condition: 'the rollout is paused',
          sinceMs: 300_000,
          who: 'an operator',
          next: 'gatehouse resume req-7k2m',
        },
      ],
    });
    expect(shown(paused)).toContain(
      'Waiting 5m for an operator: the rollout is paused. Next: gatehouse resume req-7k2m.',
    );
  });

  it('lets no words of others steer the terminal', () => {
    const failure = { ...SOFT_DELETED, message: 'gone\u001b[2J\r\nDONE \u202e' };
    const lines = shown(status({ status: 'attention', targets: [target('a/b', 'failed', { failure })] }));
    expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(lines).toHaveLength(4);
  });

  it.each([
    ['done', 0],
    ['failed', 1],
    ['attention', 1],
    ['rejected', 1],
    ['refused', 1],
    ['expired', 1],
    ['cancelled', 1],
    ['revoked', 1],
    ['planning', 3],
    ['waiting', 3],
    ['running', 3],
    ['paused', 3],
    ['a-word-of-tomorrow', 1],
  ])('%s exits with %i', (word, code) => {
    expect(exitCodeOf(word)).toBe(code);
  });
});

describe('the line after asking', () => {
  it('names the open gates', () => {
    const { due: _, ...withoutDue } = PROCUREMENT;
    const waiting = status({
      status: 'waiting',
      gates: [PROCUREMENT, { ...withoutDue, gate: 'data-protection' }],
    });
    expect(askedLine(waiting)).toBe(
      'req-7k2m  waiting for procurement (0 of 1), due 2027-05-20; data-protection (0 of 1)   https://gatehouse.example.com/r/req-7k2m',
    );
  });

  it('says how it ended when it has', () => {
    const ended = status({ status: 'done', endedAt: at(0), message: '25 unchanged, nothing to do' });
    expect(askedLine(ended)).toContain('req-7k2m  done: 25 unchanged, nothing to do');
  });
});

it('lists requests with their age', () => {
  const row = {
    id: 'req-1',
    kind: 'Fleet',
    workflowId: 'fleet/a/b',
    title: 'otterize into 2 clusters of the fleet b',
    status: 'waiting',
    requester: 'Ada (person p-ada)',
    acceptedAt: at(7_200_000),
  };
  expect(
    listLines(
      { requests: [row, { ...row, id: 'req-22', status: 'done', ticket: 'CHG0042' }], next: '17' },
      PLAIN,
      NOW,
    ),
  ).toEqual([
    'req-1   WAITING  otterize into 2 clusters of the fleet b  -        2h ago',
    'req-22  DONE     otterize into 2 clusters of the fleet b  CHG0042  2h ago',
    'There are older ones.',
  ]);
  expect(listLines({ requests: [] }, PLAIN, NOW)).toEqual(['No requests that you may see.']);
});

describe('changes as lines', () => {
  const before = status({
    gates: [PROCUREMENT],
    targets: [target('a/dev', 'pending'), target('b/dev', 'running')],
  });

  it('tells everything at the first look', () => {
    expect(changeLines(undefined, before)).toEqual([
      'req-7k2m  RUNNING  0 of 2 done. Waited 31d, worked 38m.',
      'req-7k2m  procurement  waits for group procurement (0 of 1), due 2027-05-20',
      'req-7k2m  b/dev  running',
    ]);
  });

  it('tells only what is new afterwards', () => {
    expect(changeLines(before, before)).toEqual([]);
    const now = {
      ...before,
      gates: [{ ...PROCUREMENT, state: 'passed', approvals: 1 }],
      targets: [
        target('a/dev', 'failed', { failure: SOFT_DELETED }),
        target('b/dev', 'running', { lastStep: 'invites' }),
      ],
    };
    expect(changeLines(before, now)).toEqual([
      'req-7k2m  procurement  passed',
      'req-7k2m  a/dev  failed: Key Vault: secret is soft-deleted.',
      'req-7k2m  b/dev  running: invites',
    ]);
  });
});
