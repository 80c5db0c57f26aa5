/** `gatehouse figures` and `gatehouse changes`: how fast and how well, and what was changed when. */
import type { Changes, Figures } from '../api/answers.js';
import type { PeriodAsked } from '../api/api-client.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { day, duration } from '../output/duration.js';
import { PLAIN } from '../output/style.js';
import { columns, harmless } from '../output/text.js';
import { apiOf, type Session } from '../session.js';
import { statusWord } from '../status/status-word.js';

export async function figures(session: Session, period: PeriodAsked): Promise<ExitCode> {
  const found = await apiOf(session).figures(period);
  session.output.result(found, () => figureLines(found));
  return EXIT.done;
}

export async function changes(
  session: Session,
  { csv, ...period }: PeriodAsked & { readonly csv?: boolean },
): Promise<ExitCode> {
  const api = apiOf(session);
  if (csv === true) {
    session.output.streams.stdout.write(await api.changesCsv(period));
    return EXIT.done;
  }
  const found = await api.changes(period);
  session.output.result(found, () => changeLines(found));
  return EXIT.done;
}

const HEAD = ['', 'deployments', 'lead time', 'waiting', 'working', 'failed', 'time to restore'];

/** Medians, with the ninetieth percentile behind the slash. */
export function figureLines({ from, to, figures: rows }: Figures): readonly string[] {
  const period = `${day(from)} to ${day(to)}`;
  if (rows.length === 0) return [`Nothing was promoted from ${period}.`];
  const spread = (times: { readonly p50Ms: number; readonly p90Ms: number } | undefined): string =>
    times === undefined ? '-' : `${duration(times.p50Ms)} / ${duration(times.p90Ms)}`;
  return [
    ...columns([
      [period, ...HEAD.slice(1)],
      ...rows.map((row) => [
        `${row.application}/${row.environment}`,
        `${row.deployments} (${row.deploymentsPerDay.toFixed(1)} a day)`,
        spread(row.leadTime?.total),
        spread(row.leadTime?.waiting),
        spread(row.leadTime?.working),
        row.changeFailureRate === undefined
          ? '-'
          : `${row.changeFailures} (${Math.round(row.changeFailureRate * 100)} %)`,
        `${spread(row.timeToRestore)}${row.unrestored === 0 ? '' : `, ${row.unrestored} not yet`}`,
      ]),
    ]),
    ...rows.flatMap(({ application, environment, waitingByGroup }) =>
      waitingByGroup.map(
        (group) =>
          `${application}/${environment} waited for group ${harmless(group.group)} ${group.count === 1 ? 'once' : `${group.count} times`}: ${spread(group)}`,
      ),
    ),
    'Half of them took at most the time before the slash, nine of ten at most that behind it.',
  ];
}

export function changeLines({ changes: rows }: Changes): readonly string[] {
  if (rows.length === 0) return ['Nothing was changed in this time.'];
  return columns(
    rows.map((row) => [
      row.at.slice(0, 16).replace('T', ' '),
      `${row.application}/${row.environment}`,
      statusWord(row.outcome, PLAIN),
      row.exception,
      harmless(row.release),
      row.requestId,
      `waited ${duration(row.waitedMs)}, worked ${duration(row.workedMs)}`,
    ]),
  );
}
