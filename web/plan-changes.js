/** What differs between the plan that somebody read and the plan that is asked now. */
import { el, value } from './dom.js';
import { planInWords } from './plan.js';
import { count } from './words.js';

/** @typedef {import('./plan.js').Plan} Plan */

/**
 * @param {Plan} before
 * @param {Plan} after
 */
export function changesView(before, after) {
  const changed = changedTargets(before, after);
  const was = planInWords(before);
  const is = planInWords(after);
  return el(
    'div',
    { class: 'changes' },
    el(
      'p',
      {},
      was === is ? `The numbers are the same: ${is}.` : `Before: ${was}. Now: ${is}.`,
      changed.length === 0 && ' Nothing else differs; the plan was only made again.',
    ),
    changed.length > 0 &&
      el(
        'details',
        { open: changed.length <= 5 },
        el(
          'summary',
          {},
          `${count(changed.length, after.promotion === undefined ? 'cluster' : 'place')} changed`,
        ),
        changed.map(({ target, gone, added }) =>
          el(
            'div',
            {},
            el('h4', {}, value(target)),
            el(
              'ul',
              { class: 'difference' },
              gone.map((line) => el('li', { class: 'gone' }, el('del', {}, line))),
              added.map((line) => el('li', { class: 'added' }, el('ins', {}, line))),
            ),
          ),
        ),
      ),
  );
}

/**
 * @param {Plan} before
 * @param {Plan} after
 */
function changedTargets(before, after) {
  const keys = new Set([...before.targets, ...after.targets].map(({ target }) => target));
  return [...keys]
    .map((target) => {
      const was = linesOf(before, target);
      const is = linesOf(after, target);
      return {
        target,
        gone: was.filter((line) => !is.includes(line)),
        added: is.filter((line) => !was.includes(line)),
      };
    })
    .filter(({ gone, added }) => gone.length + added.length > 0);
}

/**
 * @param {Plan} plan
 * @param {string} key
 */
function linesOf(plan, key) {
  const target = plan.targets.find((other) => other.target === key);
  if (target === undefined) return [];
  return [
    'it is part of it',
    ...target.lines,
    ...(plan.promotion?.places.find(({ place }) => place === key)?.diff.split('\n') ?? []),
    ...target.invitees.map((person) => `invitation for ${person}`),
    ...target.notes,
  ];
}
