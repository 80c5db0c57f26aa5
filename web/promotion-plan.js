/** What a promotion will do: the release, its risk, what was checked, and how each cluster will differ. */
import { el, facts, value } from './dom.js';
import { capital, count, number, sentence } from './words.js';

/**
 * @typedef {import('./plan.js').Plan} Plan
 * @typedef {NonNullable<Plan['promotion']>} PromotionPlan
 */

/** More lines than this are shown when they are asked for. */
const EAGER_LINES = 400;

/**
 * In one line, as the confirmation repeats it.
 * @param {PromotionPlan} promotion
 */
export function promotionInWords({ release, places, risk }) {
  const files = places.reduce((sum, place) => sum + place.files.length, 0);
  const where = `${count(files, 'file')} in ${count(places.length, 'place')}`;
  return `${release.line}, ${where}${risk.level === 'high' ? ', high risk' : ''}`;
}

/**
 * @param {Plan} plan
 * @param {PromotionPlan} promotion
 * @param {Node | null} conflicts
 */
export function promotionPlanView(plan, promotion, conflicts) {
  return el(
    'div',
    { class: 'plan' },
    conflicts,
    release(promotion),
    risk(promotion),
    checked(promotion),
    promotion.places.map((place) => placeView(place, proposals(plan, place.place))),
  );
}

/** @param {PromotionPlan} promotion */
function release({ release: { images, charts, commit }, fingerprint, replaces }) {
  return el(
    'div',
    { id: 'release' },
    el('h3', {}, 'The release'),
    facts([
      ...images.map(
        ({ repository, digest, tag }) =>
          /** @type {[string, import('./dom.js').Child[]]} */ ([
            'Image',
            [
              value(tag === undefined ? repository : `${repository}:${tag}`),
              el('br'),
              el('code', { class: 'digest' }, digest),
            ],
          ]),
      ),
      ...charts.map(
        ({ name, version }) =>
          /** @type {[string, import('./dom.js').Child[]]} */ (['Chart', [value(name), ' ', value(version)]]),
      ),
      ['Found at commit', el('code', { class: 'digest' }, commit)],
      replaces === fingerprint && ['Runs there', 'already, as far as Gatehouse has proven'],
    ]),
  );
}

/** @param {PromotionPlan} promotion */
function risk({ risk: { level, reasons } }) {
  if (level !== 'high') return null;
  return el(
    'div',
    { class: 'note wait', id: 'risk' },
    el('p', {}, el('strong', {}, 'High risk')),
    el(
      'ul',
      {},
      reasons.map((reason) => el('li', {}, value(reason))),
    ),
  );
}

/** @param {PromotionPlan} promotion */
function checked({ findings }) {
  if (findings.length === 0) return null;
  return el(
    'div',
    {},
    el('h3', {}, 'What was checked'),
    el(
      'ul',
      { class: 'findings', id: 'findings' },
      findings.map((finding) => el('li', {}, value(finding))),
    ),
  );
}

/**
 * What is made before people decide, and what only when they have agreed.
 * @param {Plan} plan
 * @param {string} place
 */
function proposals(plan, place) {
  const effects = plan.targets.find(({ target }) => target === place)?.effects ?? [];
  return effects
    .filter(({ phase, action }) => phase === undefined && action !== 'unchanged')
    .map(({ detail }) => detail);
}

/**
 * What the cluster will get, beside what it has: the approver reads the effect, not only the changed lines.
 * @param {PromotionPlan['places'][number]} planned
 * @param {string[]} details
 */
function placeView({ place, diff, cut, files, images }, details) {
  const lines = diff.replace(/\n$/, '').split('\n');
  const holder = el('div', {});
  if (diff.trim() === '') holder.append(el('p', { class: 'soft' }, 'Nothing that the cluster sees.'));
  else if (lines.length <= EAGER_LINES) holder.append(diffView(place, lines));
  else {
    const button = el(
      'button',
      {
        type: 'button',
        class: 'button small',
        onclick: () => holder.replaceChildren(diffView(place, lines)),
      },
      `Show all ${number(lines.length)} lines`,
    );
    holder.append(diffView(place, lines.slice(0, EAGER_LINES)), el('p', {}, button));
  }
  return el(
    'section',
    { class: 'place-plan', 'aria-label': `What changes in ${place}` },
    el('h3', {}, 'What changes in ', value(place)),
    el(
      'ul',
      { class: 'files' },
      files.map(({ path, change }) =>
        el('li', {}, el('code', {}, path), el('span', { class: 'soft' }, ` ${change}`)),
      ),
    ),
    files.length === 0 && el('p', { class: 'soft' }, capital(sentence(details) || 'nothing')),
    holder,
    cut > 0 &&
      el(
        'p',
        { class: 'note wait' },
        `${count(cut, 'line')} more do not fit here. The merge request shows all files that change.`,
      ),
    images.length > 0 && el('p', { class: 'soft' }, 'Will run: ', value(images.join(', '))),
  );
}

/**
 * A difference as text, line by line; colours say again what the signs say.
 * @param {string} place
 * @param {string[]} lines
 */
function diffView(place, lines) {
  return el(
    'pre',
    { class: 'diff', tabindex: '0', 'aria-label': `Rendered difference of ${place}` },
    lines.map((line) => el('span', { class: toneOf(line) }, `${line}\n`)),
  );
}

/** @param {string} line */
function toneOf(line) {
  if (line.startsWith('+')) return 'added';
  if (line.startsWith('-')) return 'gone';
  return line.startsWith('~') ? 'object' : '';
}
