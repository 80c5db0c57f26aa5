/** What carrying a request out will do: totals first, then what clusters have in common, then each cluster exactly. */
import { el, value } from './dom.js';
import { promotionInWords, promotionPlanView } from './promotion-plan.js';
import { capital, count, countOf, number, objectName, sentence, systemName } from './words.js';

/**
 * @typedef {import('../src/api/schemas/requests.js').PlanBody} Plan
 * @typedef {Plan['targets'][number]} Target
 * @typedef {Target['effects'][number]} Effect
 */

/** @type {Record<string, { word: string, sign: string, tone: string }>} */
const ACTIONS = {
  conflict: { word: 'in the way', sign: '!', tone: 'bad' },
  adopt: { word: 'take over', sign: '→', tone: 'wait' },
  create: { word: 'create', sign: '+', tone: 'good' },
  change: { word: 'change', sign: '~', tone: 'work' },
  unchanged: { word: 'unchanged', sign: '=', tone: 'calm' },
};

/** More clusters than this are drawn when they are opened. */
const EAGER_CLUSTERS = 60;

/** @param {string} action */
function wordOf(action) {
  return ACTIONS[action] ?? { word: action, sign: '?', tone: 'calm' };
}

/**
 * The plan's numbers in one line, as the confirmation repeats them.
 * @param {Plan} plan
 */
export function planInWords(plan) {
  if (plan.promotion !== undefined) return promotionInWords(plan.promotion);
  const { create, change, adopt, conflict } = plan.totals;
  const parts = [
    ...(create > 0 ? [`${number(create)} to create`] : []),
    ...(change > 0 ? [`${number(change)} to change`] : []),
    ...(adopt > 0 ? [`${number(adopt)} to take over`] : []),
    ...(conflict > 0 ? [`${number(conflict)} in the way`] : []),
  ];
  return parts.length === 0 ? 'nothing to change' : sentence(parts);
}

/**
 * What cannot be taken back, each with the number of clusters.
 * @param {Plan} plan
 * @returns {string[]}
 */
export function irreversibles(plan) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const { effects } of plan.targets) {
    for (const { irreversible } of effects) {
      if (irreversible !== undefined) found.set(irreversible, (found.get(irreversible) ?? 0) + 1);
    }
  }
  return [...found].map(([text, clusters]) => `${capital(text)} (${count(clusters, 'cluster')})`);
}

/** @param {Plan} plan */
export function planView(plan) {
  if (plan.promotion !== undefined) return promotionPlanView(plan, plan.promotion, inTheWay(plan));
  return el(
    'div',
    { class: 'plan' },
    totals(plan),
    inTheWay(plan),
    cannotBeTakenBack(plan),
    together(plan),
    people(plan),
    notes(plan),
    clusters(plan),
  );
}

/** @param {Plan} plan */
function totals(plan) {
  const tiles = [
    { label: 'to create', n: plan.totals.create, tone: 'good', sign: '+' },
    { label: 'to change', n: plan.totals.change, tone: 'work', sign: '~' },
    { label: 'to take over', n: plan.totals.adopt, tone: 'wait', sign: '→' },
    { label: 'in the way', n: plan.totals.conflict, tone: 'bad', sign: '!' },
  ];
  return el(
    'dl',
    { class: 'tiles', id: 'totals' },
    tiles.map(({ label, n, tone, sign }) =>
      el(
        'div',
        { class: n === 0 ? 'tile none' : `tile ${tone}` },
        el('dt', {}, el('span', { 'aria-hidden': 'true', class: 'sign' }, sign), label),
        el('dd', {}, number(n)),
      ),
    ),
  );
}

/** @param {Plan} plan */
function inTheWay(plan) {
  const found = plan.targets.flatMap(({ target, effects }) =>
    effects.filter(({ action }) => action === 'conflict').map((effect) => ({ target, effect })),
  );
  if (found.length === 0) return null;
  return el(
    'div',
    { class: 'note bad', id: 'conflicts' },
    el('p', {}, el('strong', {}, 'In the way: it will not be done as long as it stays so.')),
    el(
      'ul',
      {},
      found.map(({ target, effect }) =>
        el('li', {}, el('strong', {}, value(target)), `: ${effect.object}: `, value(effect.detail)),
      ),
    ),
  );
}

/** @param {Plan} plan */
function cannotBeTakenBack(plan) {
  const found = irreversibles(plan);
  if (found.length === 0) return null;
  return el(
    'div',
    { class: 'note wait', id: 'irreversible' },
    el('p', {}, el('strong', {}, 'Cannot be taken back')),
    el(
      'ul',
      {},
      found.map((text) => el('li', {}, text)),
    ),
  );
}

/** @param {Plan} plan */
function together(plan) {
  /** @type {Map<string, { effect: Effect, objects: number, clusters: number }>} */
  const rows = new Map();
  for (const { effects } of plan.targets) {
    for (const effect of effects) {
      if (effect.action === 'unchanged') continue;
      const key = JSON.stringify([effect.action, effect.object, effect.system]);
      const row = rows.get(key) ?? { effect, objects: 0, clusters: 0 };
      row.objects += effect.count;
      row.clusters += 1;
      rows.set(key, row);
    }
  }
  if (rows.size === 0) return el('p', {}, 'Everything is as it should be: nothing will be written.');
  const order = Object.keys(ACTIONS);
  const sorted = [...rows.values()].sort(
    (a, b) => order.indexOf(a.effect.action) - order.indexOf(b.effect.action),
  );
  return el(
    'div',
    {},
    el('h3', { id: 'together-title' }, 'All clusters together'),
    el(
      'table',
      { 'aria-labelledby': 'together-title' },
      el('thead', {}, headRow('What', 'Where', 'Clusters')),
      el(
        'tbody',
        {},
        sorted.map(({ effect, objects, clusters: on }) =>
          el(
            'tr',
            {},
            el('th', { scope: 'row' }, actionSign(effect.action), countOf(objects, effect.object)),
            el('td', {}, systemName(effect.system)),
            el('td', { class: 'number' }, number(on)),
          ),
        ),
      ),
    ),
  );
}

/** @param {Plan} plan */
function people(plan) {
  /** @type {Map<string, number>} */
  const invited = new Map();
  for (const { invitees } of plan.targets) {
    for (const person of new Set(invitees)) invited.set(person, (invited.get(person) ?? 0) + 1);
  }
  if (invited.size === 0) return null;
  const all = plan.targets.length;
  return el(
    'div',
    {},
    el('h3', {}, `People with an invitation (${number(invited.size)})`),
    el(
      'ul',
      { class: 'people', id: 'invitees' },
      [...invited].map(([person, on]) =>
        el(
          'li',
          {},
          value(person),
          el(
            'span',
            { class: 'soft' },
            on === all ? 'all clusters' : `${number(on)} of ${count(all, 'cluster')}`,
          ),
        ),
      ),
    ),
  );
}

/** @param {Plan} plan */
function notes(plan) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const { target, notes: texts } of plan.targets) {
    for (const text of texts) found.set(text, [...(found.get(text) ?? []), target]);
  }
  if (found.size === 0) return null;
  return el(
    'div',
    {},
    el('h3', {}, 'Good to know'),
    el(
      'ul',
      { class: 'plain', id: 'notes' },
      [...found].map(([text, targets]) =>
        el(
          'li',
          {},
          value(text),
          el(
            'span',
            { class: 'soft' },
            ` (${targets.length > 3 ? count(targets.length, 'cluster') : targets.join(', ')})`,
          ),
        ),
      ),
    ),
  );
}

/** @param {Plan} plan */
function clusters(plan) {
  /** @type {Map<string, Target[]>} */
  const groups = new Map();
  for (const target of plan.targets) {
    const key = JSON.stringify(target.effects.map(({ object, action, count: n }) => [object, action, n]));
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  // what is unlike the rest comes first
  const sorted = [...groups.values()].sort((a, b) => weight(b) - weight(a) || a.length - b.length);
  const eager = plan.targets.length <= EAGER_CLUSTERS;
  return el(
    'div',
    { id: 'clusters' },
    el('h3', {}, 'Each cluster'),
    sorted.map((targets) => group(targets, eager)),
  );
}

/** @param {Target[]} targets */
function weight(targets) {
  const actions = new Set(targets[0]?.effects.map(({ action }) => action));
  return actions.has('conflict') ? 2 : actions.has('adopt') ? 1 : 0;
}

/**
 * @param {Target[]} targets
 * @param {boolean} eager
 */
function group(targets, eager) {
  const effects = targets[0]?.effects ?? [];
  const doing = effects.filter(({ action }) => action !== 'unchanged');
  const list = el(
    'div',
    { class: 'clusters' },
    targets.map((target) => cluster(target, eager)),
  );
  const toggle = el(
    'button',
    {
      type: 'button',
      class: 'button small',
      'aria-expanded': 'false',
      onclick: () => {
        const open = toggle.getAttribute('aria-expanded') !== 'true';
        for (const details of list.querySelectorAll('details')) details.open = open;
        toggle.setAttribute('aria-expanded', String(open));
        toggle.textContent = open ? 'Close all' : 'Open all';
      },
    },
    'Open all',
  );
  return el(
    'section',
    { class: 'group' },
    el(
      'div',
      { class: 'group-head' },
      el('h4', {}, targets.length === 1 ? '1 cluster' : `${number(targets.length)} clusters alike`),
      el(
        'p',
        { class: 'chips' },
        doing.length === 0
          ? el('span', { class: 'chip calm' }, actionSign('unchanged'), 'unchanged')
          : doing.map((effect) =>
              el(
                'span',
                { class: `chip ${wordOf(effect.action).tone}` },
                actionSign(effect.action),
                countOf(effect.count, effect.object),
              ),
            ),
      ),
      targets.length > 1 && toggle,
    ),
    list,
  );
}

/**
 * @param {Target} target
 * @param {boolean} eager
 */
function cluster(target, eager) {
  const details = el(
    'details',
    { class: 'cluster' },
    el('summary', {}, value(target.target)),
    eager && exactly(target),
  );
  if (!eager) {
    details.addEventListener('toggle', () => details.append(exactly(target)), { once: true });
  }
  return details;
}

/** @param {Target} target */
function exactly(target) {
  return el(
    'div',
    { class: 'exactly' },
    el(
      'table',
      { 'aria-label': `What happens on ${target.target}` },
      el('thead', {}, headRow('What', 'Exactly')),
      el(
        'tbody',
        {},
        target.effects.map((effect) =>
          el(
            'tr',
            {},
            el(
              'th',
              { scope: 'row' },
              actionSign(effect.action),
              effect.action === 'unchanged'
                ? `${objectName(effect.object)}: unchanged`
                : countOf(effect.count, effect.object),
            ),
            el(
              'td',
              {},
              value(effect.detail),
              el('span', { class: 'soft' }, ` in ${systemName(effect.system)}`),
              effect.irreversible !== undefined &&
                el('span', { class: 'irreversible' }, 'Cannot be taken back: ', value(effect.irreversible)),
            ),
          ),
        ),
      ),
    ),
    target.invitees.length > 0 &&
      el('p', {}, 'With an invitation: ', ...commaSeparated(target.invitees.map(value))),
    target.notes.map((note) => el('p', { class: 'soft' }, value(note))),
  );
}

/** @param {Node[]} nodes */
function commaSeparated(nodes) {
  return nodes.flatMap((node, i) => (i === 0 ? [node] : [', ', node]));
}

/** @param {...string} names */
function headRow(...names) {
  return el(
    'tr',
    {},
    names.map((name) => el('th', { scope: 'col', class: name === 'Clusters' ? 'number' : '' }, name)),
  );
}

/** @param {string} action */
function actionSign(action) {
  const { word, sign, tone } = wordOf(action);
  return el(
    'span',
    { class: `action ${tone}` },
    el('span', { 'aria-hidden': 'true' }, sign),
    el('span', { class: 'unseen' }, `${word}: `),
  );
}
