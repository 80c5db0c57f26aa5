/** What runs where as a table: one column per environment, so that neighbours are compared with the eye. */
import type { Environment, Environments, ReleaseAnswer } from '../api/answers.js';
import { duration } from '../output/duration.js';
import type { Style } from '../output/style.js';
import { columns, harmless } from '../output/text.js';
import { statusWord } from '../status/status-word.js';
import { reasonText } from './hold-lines.js';

/** As much of a digest as tells two apart. */
const DIGEST_LENGTH = 19;

export function environmentLines(found: Environments, style: Style, nowMs: number): readonly string[] {
  const { application, environments, differences } = found;
  const ago = (iso: string): string => `${duration(nowMs - Date.parse(iso))} ago`;
  const row = (name: string, cell: (environment: Environment) => string): readonly string[] => [
    style.dim(name),
    ...environments.map(cell),
  ];
  const rows = [
    ...thingsIn(environments).map(({ label, of }) => row(label, (environment) => of(currentOf(environment)))),
    row('since', ({ proven: [now], seen }) =>
      now === undefined ? (seen === undefined ? '' : `seen ${ago(seen.at)}`) : `proven ${ago(now.provenAt)}`,
    ),
    row('by', ({ proven: [now], seen }) => now?.requestId ?? seen?.requestId ?? ''),
    row('open', ({ open }) =>
      open === undefined ? '' : `${open.requestId} ${statusWord(open.status, style)}`,
    ),
    row('held', ({ holds: [hold] }) => (hold === undefined ? '' : style.warn(hold.holdId))),
  ].filter((cells) => cells.slice(1).some((cell) => cell !== ''));
  return [
    ...columns([[style.bold(application), ...environments.map(({ name }) => style.bold(name))], ...rows]),
    ...differences.map(({ from, to, items }) =>
      items.length === 0
        ? style.good(`${from} and ${to} run the same.`)
        : `${from} and ${to} differ in ${items.map(({ kind, name }) => `${kind} ${shortName(name)}`).join(', ')}.`,
    ),
    ...environments.flatMap((environment) => remarksOf(application, environment)),
  ];
}

interface Thing {
  readonly label: string;
  readonly of: (release: ReleaseAnswer | undefined) => string;
}

/** Images and charts of any environment, each a row; the commit where there are none. */
function thingsIn(environments: readonly Environment[]): readonly Thing[] {
  const releases = environments.flatMap((environment) => currentOf(environment) ?? []);
  const images = new Set(releases.flatMap((one) => one.images.map(({ repository }) => repository)));
  const charts = new Set(releases.flatMap((one) => one.charts.map(({ name }) => name)));
  if (images.size + charts.size === 0) {
    return [{ label: 'commit', of: (release) => release?.commit.slice(0, 12) ?? '' }];
  }
  return [
    ...[...images].sort().map(
      (repository): Thing => ({
        label: shortName(repository),
        of: (release) => digestOf(release, repository).slice(0, DIGEST_LENGTH),
      }),
    ),
    ...[...charts].sort().map(
      (name): Thing => ({
        label: `chart ${name}`,
        of: (release) => release?.charts.find((chart) => chart.name === name)?.version ?? '',
      }),
    ),
  ];
}

function digestOf(release: ReleaseAnswer | undefined, repository: string): string {
  return release?.images.find((image) => image.repository === repository)?.digest ?? '';
}

function currentOf({ proven: [now], seen }: Environment): ReleaseAnswer | undefined {
  return now?.release ?? seen?.release;
}

function shortName(name: string): string {
  return name.split('/').at(-1) ?? name;
}

function remarksOf(
  application: string,
  { name, open, queued = [], changedAround = [], holds, disturbedBy }: Environment,
): readonly string[] {
  const where = `${application}/${name}`;
  return [
    ...changedAround.map(
      ({ place, by, at, project, commit, files }) =>
        `${place} was changed around the path by ${harmless(by ?? 'somebody')} at ${at}: ${harmless(`${project} ${commit.slice(0, 12)}: ${files.join(', ')}`)}`,
    ),
    ...(open?.waitsFor === undefined
      ? []
      : [`${where}: ${open.requestId} waits: ${harmless(open.waitsFor)}`]),
    ...(queued.length === 0
      ? []
      : [
          `${where}: ${queued.map(({ requestId }) => requestId).join(', ')} wait for their turn, in this order`,
        ]),
    ...holds.map((hold) => {
      const why = reasonText(hold) === '' ? '' : ` (${harmless(reasonText(hold))})`;
      return `${where} is held${why}: gatehouse release ${hold.holdId}`;
    }),
    ...(disturbedBy === undefined
      ? []
      : [`${where}: ${disturbedBy} changed something and neither proved it nor took it back.`]),
  ];
}
