/** What runs where, as the API answers it: environments side by side, and how neighbours differ. */
import { differencesOf, runsHere, seenAtSource } from '../../domain/promotion/environments.js';
import { type Hold, holdsOn } from '../../domain/promotion/holds.js';
import type { Release } from '../../domain/promotion/release.js';
import type { Stray } from '../../domain/promotion/strays.js';
import type { RequestRecord } from '../../domain/record.js';
import type { RequestStatus } from '../../domain/status/shapes.js';
import type { InstalledPath } from '../../manifests/installed-files.js';
import type { EnvironmentsBody, HoldBody } from '../schemas/promotions.js';
import { releaseView } from './release-view.js';

/** What is known of one environment. */
export interface KnownEnvironment {
  readonly name: string;
  /** promotions into it, newest first */
  readonly records: readonly RequestRecord[];
  readonly open?: RequestStatus;
  /** commits that came round the path, newest first; `by` is the user's name in clear */
  readonly strays?: readonly Stray[];
  /** those that wait for their turn, in its order */
  readonly queued?: readonly RequestRecord[];
}

/** @param known by name; the first environment, where nothing is promoted to, may be left out */
export function environmentsView(
  { manifest }: InstalledPath,
  known: ReadonlyMap<string, KnownEnvironment>,
  holds: readonly Hold[],
): EnvironmentsBody {
  const application = manifest.metadata.name;
  const { owners, environments } = manifest.spec;
  const second = environments[1].name;
  const current = new Map<string, Release>();
  const shown = environments.map(({ name, places }, index) => {
    const { records = [], open, queued = [], strays = [] } = known.get(name) ?? {};
    const { proven, disturbedBy } = runsHere(records);
    const seen = index === 0 ? seenAtSource(known.get(second)?.records ?? []) : undefined;
    const release = proven[0]?.release ?? seen?.release;
    if (release !== undefined) current.set(name, release);
    const lastProven = proven[0]?.provenAt ?? '';
    const changedAround = strays.filter(({ at }) => at > lastProven).map(strayView);
    return {
      name,
      places: places.map((place) => place.name),
      ...(seen === undefined ? {} : { seen: { ...seen, release: releaseView(seen.release) } }),
      proven: proven.map((one) => ({ ...one, release: releaseView(one.release) })),
      ...(disturbedBy === undefined ? {} : { disturbedBy }),
      ...(open === undefined ? {} : { open: openView(open) }),
      ...(queued.length === 0 ? {} : { queued: queued.map(queuedView) }),
      ...(changedAround.length === 0 ? {} : { changedAround }),
      holds: holdsOn(holds, { application, environment: name }).map(holdView),
    };
  });
  return { application, owners, environments: shown, differences: differencesView(shown, current) };
}

export function holdView({ scope, ...hold }: Hold): HoldBody {
  return { ...hold, scope: { ...scope } };
}

function strayView({
  places,
  files,
  ...stray
}: Stray): NonNullable<EnvironmentsBody['environments'][number]['changedAround']>[number] {
  return { ...stray, place: places.join(', '), files: [...files] };
}

function queuedView({
  requestId,
  accepted,
  request,
}: RequestRecord): NonNullable<EnvironmentsBody['environments'][number]['queued']>[number] {
  const exception = request.kind === 'Promotion' ? request.content.exception : undefined;
  return { requestId, acceptedAt: accepted.at, ...(exception === undefined ? {} : { exception }) };
}

function openView(status: RequestStatus): NonNullable<EnvironmentsBody['environments'][number]['open']> {
  const { requestId, acceptedAt, promotion, waitingFor } = status;
  const [first] = waitingFor;
  return {
    requestId,
    status: status.status,
    ...(promotion?.release === undefined ? {} : { release: promotion.release }),
    ...(promotion?.exception === undefined ? {} : { exception: promotion.exception }),
    acceptedAt,
    ...(first === undefined ? {} : { waitsFor: first.condition }),
  };
}

function differencesView(
  environments: EnvironmentsBody['environments'],
  current: ReadonlyMap<string, Release>,
): EnvironmentsBody['differences'] {
  return environments.slice(1).flatMap(({ name }, index) => {
    const before = environments[index]?.name ?? '';
    const [from, to] = [current.get(before), current.get(name)];
    if (from === undefined || to === undefined) return [];
    return [
      {
        from: before,
        to: name,
        items: differencesOf(from, to).map(({ kind, name: what, here, there }) => ({
          kind,
          name: what,
          ...(here === undefined ? {} : { from: here }),
          ...(there === undefined ? {} : { to: there }),
        })),
      },
    ];
  });
}
