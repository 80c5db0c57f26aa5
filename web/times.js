/** Where the time went: waiting for people apart from working. */
import { el } from './dom.js';
import { duration, moment, title } from './words.js';

/** @typedef {import('../src/api/schemas/requests.js').StatusBody} Status */

/** @param {Status} status */
export function timesView(status) {
  const { times } = status;
  const all = Math.max(times.waitedMs + times.workedMs, 1);
  return el(
    'div',
    {},
    el(
      'dl',
      { class: 'tiles two', id: 'times' },
      tile(status.promotion === undefined ? 'Waited for people' : 'Waited', times.waitedMs, 'wait'),
      tile('Worked', times.workedMs, 'work'),
    ),
    el('meter', {
      min: 0,
      max: all,
      value: times.waitedMs,
      'aria-label': 'Share of the time that was waiting',
    }),
    el(
      'table',
      { 'aria-label': 'Stages' },
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('th', { scope: 'col' }, 'Stage'),
          el('th', { scope: 'col' }, 'Began'),
          el('th', { scope: 'col' }, 'Took'),
        ),
      ),
      el(
        'tbody',
        {},
        times.stages.map((stage) =>
          el(
            'tr',
            {},
            el('th', { scope: 'row' }, title(stage.stage)),
            el('td', {}, moment(stage.from)),
            el('td', {}, `${duration(stage.ms)} ${stage.kind}${stage.to === undefined ? ', so far' : ''}`),
          ),
        ),
      ),
    ),
  );
}

/**
 * @param {string} label
 * @param {number} ms
 * @param {string} tone
 */
function tile(label, ms, tone) {
  return el('div', { class: `tile ${tone}` }, el('dt', {}, label), el('dd', {}, duration(ms)));
}
