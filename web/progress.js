/** How the rollout goes: what needs somebody first, then every cluster. */
import { el, value } from './dom.js';
import { pill } from './pill.js';
import { placesView } from './places.js';
import { age, count, number, systemName, title } from './words.js';

/**
 * @typedef {import('../src/api/schemas/requests.js').StatusBody} Status
 * @typedef {Status['targets'][number]} Target
 * @typedef {(target: string) => Node | null} Beside what a person may do about a target that failed
 */

/** In the order in which people want to know. */
const STATES = ['failed', 'running', 'pending', 'done', 'skipped', 'cancelled'];
/** @type {Record<string, string>} */
const WORDS = {
  failed: 'failed',
  running: 'working',
  pending: 'not started',
  done: 'done',
  skipped: 'skipped',
  cancelled: 'cancelled',
};

/**
 * Whether there is anything to show: not while people are waited for.
 * @param {Status} status
 */
export function hasStarted(status) {
  return (
    ['running', 'paused', 'attention', 'rolling-back', 'rolled-back', 'done', 'failed'].includes(
      status.status,
    ) || status.targets.some(({ state }) => state === 'done' || state === 'failed' || state === 'running')
  );
}

/**
 * @param {Status} status
 * @param {Beside} beside
 */
export function progressView(status, beside) {
  if (status.promotion !== undefined) return placesView(status, status.promotion, beside);
  const groups = STATES.map((state) => ({
    state,
    targets: status.targets.filter((target) => target.state === state),
  })).filter(({ targets }) => targets.length > 0);
  return el('div', {}, bar(groups, status.targets.length), failures(status, beside), clusters(groups));
}

/**
 * @param {Array<{ state: string, targets: Target[] }>} groups
 * @param {number} all
 */
function bar(groups, all) {
  const done = groups.find(({ state }) => state === 'done')?.targets.length ?? 0;
  const others = groups
    .filter(({ state }) => state !== 'done')
    .map(({ state, targets }) => `${number(targets.length)} ${WORDS[state]}`);
  return el(
    'div',
    {},
    el(
      'p',
      { class: 'big', id: 'progress-words' },
      [`${number(done)} of ${count(all, 'cluster')} done`, ...others].join(' · '),
    ),
    el(
      'progress',
      { max: Math.max(all, 1), value: done, 'aria-labelledby': 'progress-words' },
      `${number(done)} of ${number(all)}`,
    ),
  );
}

/**
 * What failed, with its remedy.
 * @param {Status} status
 * @param {Beside} beside
 */
export function failures(status, beside) {
  const failed = status.targets.filter(({ state, failure }) => state === 'failed' && failure !== undefined);
  if (failed.length === 0) return null;
  return el(
    'ul',
    { class: 'stack', id: 'failures' },
    failed.map(({ target, failure }) =>
      failure === undefined
        ? null
        : el(
            'li',
            { class: 'note bad' },
            el(
              'p',
              {},
              el('strong', {}, value(target)),
              ` · ${systemName(failure.system)} · `,
              value(failure.operation),
              ' ',
              value(failure.object),
            ),
            el('p', {}, value(failure.message)),
            el('p', {}, el('strong', {}, 'What to do: '), value(failure.remedy)),
            status.endedAt === undefined && (beside(target) ?? inATerminal(status, target)),
          ),
    ),
  );
}

/**
 * For who has no buttons here, and may pass it on to somebody who has a terminal.
 * @param {Status} status
 * @param {string} target
 */
function inATerminal(status, target) {
  const option = status.promotion === undefined ? 'cluster' : 'place';
  return el(
    'p',
    { class: 'soft' },
    'Then: ',
    el('code', {}, `gatehouse retry ${status.id} --${option} ${target}`),
  );
}

/** @param {Array<{ state: string, targets: Target[] }>} groups */
function clusters(groups) {
  return el(
    'ul',
    { class: 'rows', id: 'progress-clusters' },
    groups.flatMap(({ state, targets }) =>
      targets.map((target) =>
        el(
          'li',
          { class: 'item', 'data-state': state },
          el('span', { class: 'name' }, value(target.target)),
          el('span', { class: 'soft step' }, stepOf(target)),
          pill(state),
        ),
      ),
    ),
  );
}

/** @param {Target} target */
function stepOf({ state, effects, lastStep, waits = [] }) {
  const [wait] = waits;
  if (wait !== undefined) return el('span', {}, 'waits: ', value(wait.clause), ', since ', age(wait.since));
  if (state === 'running')
    return lastStep === undefined ? 'started' : `last: ${title(lastStep).toLowerCase()}`;
  const parts = Object.entries(effects).filter(([, n]) => n > 0);
  return parts.map(([outcome, n]) => `${number(n)} ${outcome}`).join(', ');
}
