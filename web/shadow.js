/** What a promotion in shadow would have done, and what it saw when people did it by hand. */
import { el, value } from './dom.js';
import { age } from './words.js';

/**
 * @typedef {import('../src/api/schemas/requests.js').StatusBody} Status
 * @typedef {NonNullable<NonNullable<Status['promotion']>['shadow']>} Shadow
 */

/** @param {Shadow} shadow */
export function shadowView({ gates, changeRecord, checks, places }) {
  if (places.length === 0) return el('p', { id: 'shadow' }, 'Nothing would be changed.');
  return el(
    'div',
    { id: 'shadow' },
    el(
      'ul',
      { class: 'plain' },
      gates.map(({ gate, group, need }) =>
        el('li', {}, `Would ask ${need} of group `, value(group), ' at the gate ', value(gate), '.'),
      ),
      changeRecord && el('li', {}, 'Would open a change record and wait until it is approved.'),
      checks.length > 0 && el('li', {}, 'Would run the checks ', value(checks.join(', ')), '.'),
    ),
    el('ul', { class: 'rows' }, places.map(placeItem)),
  );
}

/** @param {Shadow['places'][number]} place */
function placeItem({ place, files, heldBy, arrived, deliveries }) {
  return el(
    'li',
    { class: 'item' },
    el('strong', {}, value(place)),
    el('span', {}, ' Would write ', value(files.join(', ')), '.'),
    heldBy !== undefined && el('span', {}, ' Would be held: ', value(heldBy), '.'),
    arrived === undefined
      ? el('span', { class: 'soft' }, ' Nobody has brought it by hand yet.')
      : el(
          'span',
          {},
          ' Brought by hand ',
          age(arrived.at),
          ' as ',
          el('code', { title: arrived.commit }, arrived.commit.slice(0, 12)),
          '.',
        ),
    deliveries
      .filter(({ outcome }) => outcome !== 'pending')
      .map(({ name, outcome, message }) =>
        el(
          'span',
          {},
          ' ',
          value(name),
          outcome === 'proven' ? ' is proven' : ' would have failed',
          message === undefined ? '.' : value(`: ${message}.`),
        ),
      ),
  );
}
