/** What is asked, in plain words. */
import { el, facts, value } from './dom.js';
import { age, count, number, sentence, systemName } from './words.js';

/**
 * @typedef {import('../src/api/schemas/gates.js').GateBody} Gate
 * @typedef {import('./session.js').Me} Me
 */

/**
 * @param {Gate} gate any gate of the request: all are asked the same
 * @param {Me} me
 */
export function askedView(gate, me) {
  const { asked, plan } = gate;
  const systems = [
    ...new Set(plan.targets.flatMap(({ effects }) => effects.map(({ system }) => systemName(system)))),
  ];
  return el(
    'div',
    {},
    el(
      'p',
      { class: 'lead' },
      ...(asked.service === undefined
        ? ['Gatehouse is asked to promote ', el('strong', {}, value(asked.title))]
        : [
            'Gatehouse is asked to set up ',
            el('strong', {}, value(asked.service)),
            ` on the ${count(plan.targets.length, 'cluster')} of the fleet `,
            el('strong', {}, value(asked.fleet ?? '')),
          ]),
      systems.length > 0 && `, in ${sentence(systems)}`,
      asked.service === undefined
        ? '. Only proposals are made before every gate has passed: nothing that a cluster reads.'
        : '. Nothing is done before every gate has passed.',
    ),
    facts([
      ['Asked by', requester(asked.requester, me)],
      asked.requestedFor !== undefined && [
        'For',
        value(asked.requestedFor || 'somebody whose address was erased'),
      ],
      asked.ticket !== undefined && ['Ticket', value(asked.ticket)],
      [
        'Reason',
        asked.reason === undefined ? el('span', { class: 'soft' }, 'none given') : value(asked.reason),
      ],
      ['Asked', age(asked.acceptedAt)],
      asked.source !== undefined && ['File in Git', value(asked.source)],
      asked.service !== undefined && ['Fleet', fleet(plan.targets.map(({ target }) => target))],
      asked.exception !== undefined && [
        'Exception',
        [value(asked.exception), ': it goes round the normal way, under a policy of its own'],
      ],
      [
        'Policy',
        [value(gate.policy.name), ' ', el('code', { class: 'soft' }, gate.policy.digest.slice(0, 12))],
      ],
    ]),
  );
}

/**
 * @param {string} requester name where known, kind and id
 * @param {Me} me
 */
function requester(requester, me) {
  return isBy(requester, me) ? 'you' : value(requester);
}

/**
 * Whether it was this person who asked.
 * @param {string} requester name where known, kind and id
 * @param {Me} me
 */
export function isBy(requester, me) {
  return requester === `person ${me.personId}` || requester.endsWith(`(person ${me.personId})`);
}

/** @param {string[]} targets as `cluster/stage` */
function fleet(targets) {
  /** @type {Map<string, string[]>} */
  const stages = new Map();
  for (const target of targets) {
    const at = target.lastIndexOf('/');
    const stage = target.slice(at + 1);
    stages.set(stage, [...(stages.get(stage) ?? []), target.slice(0, Math.max(at, 0))]);
  }
  return el(
    'ul',
    { class: 'stages' },
    [...stages].map(([stage, names]) =>
      el(
        'li',
        {},
        el('strong', {}, value(stage)),
        ` ${number(names.length)}: `,
        el('span', { class: 'soft' }, value(names.join(', '))),
      ),
    ),
  );
}
