/** How a promotion goes: each place on its way, what failed, and where people look. */
import { el, outsideLink, value } from './dom.js';
import { pill } from './pill.js';
import { failures } from './progress.js';
import { age, moment } from './words.js';

/**
 * @typedef {import('../src/api/schemas/requests.js').StatusBody} Status
 * @typedef {NonNullable<Status['promotion']>} Promotion
 * @typedef {Promotion['places'][number]} Place
 */

/** @type {Array<[string, string]>} */
const WAY = [
  ['merging', 'Merge'],
  ['delivering', 'Deliver'],
  ['checking', 'Check'],
  ['soaking', 'Watch'],
  ['proven', 'Proven'],
];
/** @type {Array<[string, string]>} */
const WAY_BACK = [
  ['reverting', 'Revert'],
  ['reverted', 'Proven again'],
];

/**
 * @param {Status} status
 * @param {Promotion} promotion
 * @param {import('./progress.js').Beside} beside
 */
export function placesView(status, promotion, beside) {
  return el(
    'div',
    {},
    failures(status, beside),
    el(
      'ul',
      { class: 'rows', id: 'places' },
      promotion.places.map((place) => placeItem(status, place)),
    ),
  );
}

/**
 * @param {Status} status
 * @param {Place} place
 */
function placeItem(status, place) {
  const isFailed = status.targets.some(({ target, state }) => target === place.place && state === 'failed');
  return el(
    'li',
    { class: 'item place', 'data-step': place.step },
    el(
      'div',
      { class: 'item-head' },
      el('h3', {}, value(place.place)),
      isFailed ? pill('failed') : pill(place.step),
    ),
    way(place, isFailed),
    el(
      'p',
      { class: 'line soft' },
      place.since !== undefined && el('span', {}, 'Since ', age(place.since)),
      place.until !== undefined && el('span', {}, 'Until ', moment(place.until)),
      place.deliveries.map(({ kind, cluster, provenAt }) =>
        el(
          'span',
          {},
          `${kind === 'argocd' ? 'Argo CD' : 'Flux'} on `,
          value(cluster),
          provenAt === undefined ? '' : ': proven',
        ),
      ),
      place.mergeRequest !== undefined && el('span', {}, 'Merge request ', reference(place.mergeRequest)),
      place.revert !== undefined && el('span', {}, 'Taken back by ', reference(place.revert)),
    ),
  );
}

/**
 * Its steps in order; each is done, under way or to come.
 * @param {Place} place
 * @param {boolean} isFailed
 */
function way({ step }, isFailed) {
  const steps = WAY_BACK.some(([name]) => name === step) ? WAY_BACK : WAY;
  const at = steps.findIndex(([name]) => name === step);
  const isOver = at === steps.length - 1;
  return el(
    'ol',
    { class: 'way', 'aria-label': 'Its way' },
    steps.map(([, word], index) => {
      const state =
        step === 'unchanged' || index < at || (isOver && index === at)
          ? 'done'
          : index === at
            ? isFailed
              ? 'failed'
              : 'now'
            : 'later';
      return el(
        'li',
        { class: state, ...(state === 'now' ? { 'aria-current': 'step' } : {}) },
        word,
        el('span', { class: 'unseen' }, `: ${STATE_WORDS[state]}`),
      );
    }),
  );
}

/** @type {Record<string, string>} */
const STATE_WORDS = { done: 'done', now: 'under way', failed: 'failed', later: 'to come' };

/**
 * Something of another system: its name, and its address behind it.
 * @param {{ name: string, url?: string }} found
 */
export function reference({ name, url }) {
  if (url === undefined || name === url) return outsideLink(name);
  const isLink = URL.canParse(url) && ['https:', 'http:'].includes(new URL(url).protocol);
  return isLink
    ? el('a', { href: url, rel: 'noopener noreferrer', target: '_blank' }, value(name))
    : value(name);
}
