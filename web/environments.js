/** What runs where: the environments of an application side by side, what is open and held, and how neighbours differ. */
import { CallFailed, read, send } from './api.js';
import { askAgain } from './confirm.js';
import { byId, el, fill, value } from './dom.js';
import { pill } from './pill.js';
import { showFailure, signedIn } from './session.js';
import { age, count, title } from './words.js';

/**
 * @typedef {import('../src/api/schemas/promotions.js').EnvironmentsBody} Environments
 * @typedef {Environments['environments'][number]} Environment
 * @typedef {NonNullable<Environment['seen']>['release']} Release
 */

/** Looked at again as often as this, and when the window comes to the front. */
const REFRESH_MS = 30_000;
/** As much of a digest as tells two apart; the whole one is in its title. */
const DIGEST_LENGTH = 19;

/**
 * @param {string} application
 * @param {import('./session.js').Me} me
 */
async function show(application, me) {
  const main = byId('main');
  if (application === '') {
    const { applications } = await read('/v1/environments');
    fill(main, back('/', 'Waiting for you'), el('h1', {}, 'What runs where'), listOf(applications));
  } else {
    /** @type {Environments} */
    const found = await read(`/v1/environments/${encodeURIComponent(application)}`);
    document.title = `${application}: what runs where · Gatehouse`;
    fill(
      main,
      back('/environments', 'All applications'),
      el('h1', {}, value(application)),
      el(
        'p',
        { class: 'soft' },
        'What promotions have proven, by the ledger. Owned by the group ',
        value(found.owners),
        '.',
      ),
      table(found),
      differences(found),
      remarks(found, me.roles.includes('operator') || me.owns.includes(application), () => {
        show(application, me).catch(showFailure);
      }),
    );
  }
  main.removeAttribute('aria-busy');
}

/**
 * @param {string} href
 * @param {string} text
 */
function back(href, text) {
  return el('nav', { 'aria-label': 'You are here' }, el('a', { href }, `← ${text}`));
}

/** @param {Array<{ application: string, owners: string, environments: string[] }>} applications */
function listOf(applications) {
  if (applications.length === 0) return el('p', { class: 'card empty' }, 'No applications that you may see.');
  return el(
    'ul',
    { class: 'card rows', id: 'applications' },
    applications.map(({ application, owners, environments }) =>
      el(
        'li',
        { class: 'item' },
        el(
          'a',
          { href: `/environments/${encodeURIComponent(application)}`, class: 'cover' },
          value(application),
        ),
        el('span', { class: 'soft' }, value(environments.join(' → '))),
        el('span', { class: 'soft' }, 'group ', value(owners)),
      ),
    ),
  );
}

/** @param {Environments} found */
function table({ application, environments }) {
  const releases = environments.map(currentOf);
  const images = [
    ...new Set(releases.flatMap((one) => one?.images.map(({ repository }) => repository) ?? [])),
  ];
  const charts = [...new Set(releases.flatMap((one) => one?.charts.map(({ name }) => name) ?? []))];
  return el(
    'div',
    { class: 'card wide', tabindex: '0', role: 'region', 'aria-label': 'Environments side by side' },
    el(
      'table',
      { id: 'environments', class: 'side-by-side', 'aria-label': `Environments of ${application}` },
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('td', { class: 'corner' }),
          environments.map(({ name }) => el('th', { scope: 'col' }, value(name))),
        ),
      ),
      el(
        'tbody',
        {},
        images.map((repository) =>
          row(
            repository.split('/').at(-1) ?? repository,
            releases.map((release) =>
              digestView(release?.images.find((one) => one.repository === repository)?.digest),
            ),
          ),
        ),
        charts.map((name) =>
          row(
            `Chart ${name}`,
            releases.map((release) => value(release?.charts.find((one) => one.name === name)?.version ?? '')),
          ),
        ),
        images.length + charts.length === 0 &&
          row(
            'Commit',
            releases.map((release) => digestView(release?.commit)),
          ),
        row(
          'Since',
          environments.map(({ proven: [now], seen }) =>
            now !== undefined
              ? el('span', {}, 'proven ', age(now.provenAt))
              : seen !== undefined
                ? el('span', {}, 'seen ', age(seen.at))
                : el('span', { class: 'soft' }, 'not known'),
          ),
        ),
        row(
          'By',
          environments.map(({ proven: [now], seen }) => requestLink(now?.requestId ?? seen?.requestId)),
        ),
        row(
          'Open',
          environments.map(({ open }) =>
            open === undefined
              ? null
              : el(
                  'span',
                  {},
                  requestLink(open.requestId),
                  ' ',
                  pill(open.status),
                  open.exception !== undefined && el('strong', {}, ` ${title(open.exception)}`),
                ),
          ),
        ),
        row(
          'Held',
          environments.map(({ holds }) =>
            holds.length === 0 ? null : el('span', { class: 'pill wait' }, count(holds.length, 'hold')),
          ),
        ),
      ),
    ),
  );
}

/**
 * A row that says nothing of any environment is left out.
 * @param {string} name
 * @param {Array<Node | null>} cells
 */
function row(name, cells) {
  if (cells.every((cell) => cell === null)) return null;
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, value(name)),
    cells.map((cell) => el('td', {}, cell)),
  );
}

/**
 * @param {Environment} environment
 * @returns {Release | undefined}
 */
function currentOf({ proven: [now], seen }) {
  return now?.release ?? seen?.release;
}

/** @param {string | undefined} digest */
function digestView(digest) {
  if (digest === undefined) return null;
  return el('code', { title: digest }, digest.slice(0, DIGEST_LENGTH));
}

/** @param {string | undefined} requestId */
function requestLink(requestId) {
  if (requestId === undefined) return null;
  return el('a', { href: `/r/${encodeURIComponent(requestId)}` }, `${requestId.slice(0, 12)}…`);
}

/** @param {Environments} found */
function differences({ differences: all }) {
  if (all.length === 0) return null;
  return el(
    'ul',
    { class: 'plain', id: 'differences' },
    all.map(({ from, to, items }) =>
      el(
        'li',
        {},
        value(from),
        ' and ',
        value(to),
        items.length === 0
          ? ' run the same.'
          : ` differ in ${items.map(({ kind, name }) => `${kind} ${name.split('/').at(-1)}`).join(', ')}.`,
      ),
    ),
  );
}

/**
 * @param {Environments} found
 * @param {boolean} mayRelease
 * @param {() => void} again shows what stands now
 */
function remarks({ environments }, mayRelease, again) {
  const notes = environments.flatMap(
    ({ name, open, queued = [], changedAround = [], holds, disturbedBy }) => [
      ...changedAround.map((stray) => changedAroundView(name, stray)),
      ...(open?.waitsFor === undefined
        ? []
        : [el('li', {}, el('strong', {}, value(name)), ' waits: ', value(open.waitsFor))]),
      ...(queued.length === 0
        ? []
        : [
            el(
              'li',
              {},
              el('strong', {}, value(name)),
              ': wait for their turn, in this order: ',
              queued.flatMap(({ requestId }, index) => [index === 0 ? '' : ', ', requestLink(requestId)]),
            ),
          ]),
      ...holds.map(({ holdId, reason, cause, placedAt }) =>
        el(
          'li',
          {},
          el('strong', {}, value(name)),
          ' is held since ',
          age(placedAt),
          ': ',
          value(reason ?? (cause === undefined ? 'no reason is kept' : `rollback of ${cause}`)),
          '. ',
          mayRelease
            ? releaseButton(holdId, again)
            : el('span', {}, 'Let changes go on: ', el('code', {}, `gatehouse release ${holdId}`)),
        ),
      ),
      ...(disturbedBy === undefined
        ? []
        : [
            el(
              'li',
              {},
              el('strong', {}, value(name)),
              ': ',
              requestLink(disturbedBy),
              ' changed something and neither proved it nor took it back.',
            ),
          ]),
    ],
  );
  return notes.length === 0
    ? null
    : el('div', { class: 'note wait', id: 'remarks' }, el('ul', { class: 'plain' }, notes));
}

/**
 * @param {string} name
 * @param {NonNullable<Environment['changedAround']>[number]} stray
 */
function changedAroundView(name, { by, at, project, branch, commit, files }) {
  return el(
    'li',
    { class: 'changed-around' },
    el('strong', {}, value(name)),
    ' was changed around the path by ',
    value(by ?? 'somebody'),
    ' ',
    age(at),
    ': ',
    value(`${project} ${branch} `),
    el('code', { title: commit }, commit.slice(0, 12)),
    files.length === 0 ? ' (history was rewritten)' : value(` (${files.join(', ')})`),
  );
}

/**
 * @param {string} holdId
 * @param {() => void} again
 */
function releaseButton(holdId, again) {
  const said = el('span', { role: 'status' });
  const release = async () => {
    const question = {
      title: 'Let changes go on?',
      means:
        'Promotions that wait for the end of this hold look again at once. It stands in the ledger under your name.',
      yes: 'Yes, release it',
      tone: 'approve',
    };
    if (!(await askAgain(question))) return;
    try {
      await send(`/v1/holds/${encodeURIComponent(holdId)}/release`, {});
      again();
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      fill(said, ` ${error.problem.detail} ${error.problem.remedy}`);
    }
  };
  return el(
    'span',
    {},
    el('button', { type: 'button', class: 'button small', onclick: release }, 'Release …'),
    said,
  );
}

async function main() {
  const me = await signedIn();
  // the path alone says which application; a query says nothing
  const application = decodeURIComponent(location.pathname.split('/')[2] ?? '');
  await show(application, me);
  const again = () => {
    if (document.visibilityState === 'visible') show(application, me).catch(showFailure);
  };
  setInterval(again, REFRESH_MS);
  document.addEventListener('visibilitychange', again);
}

main().catch(showFailure);
