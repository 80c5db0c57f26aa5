/** What waits for me, and what else I may see. */
import { read } from './api.js';
import { byId, el, fill, value } from './dom.js';
import { pill } from './pill.js';
import { showFailure, signedIn } from './session.js';
import { age, count, due, title } from './words.js';

/**
 * @typedef {import('typebox').Static<typeof import('../src/api/schemas/gates.js').InboxSchema>['items'][number]} InboxItem
 * @typedef {import('typebox').Static<typeof import('../src/api/schemas/requests.js').SummarySchema>} Summary
 */

/** Fewer rows are seen at a glance. */
const FILTER_FROM = 5;
/** what was typed into the filter stays while the list is read again */
let filter = '';

/** Looked at again as often as this, and when the window comes to the front. */
const REFRESH_MS = 30_000;

async function show() {
  const [inbox, list] = await Promise.all([read('/v1/inbox'), read('/v1/requests')]);
  /** @type {InboxItem[]} */
  const items = inbox.items;
  /** @type {Summary[]} */
  const requests = list.requests;
  document.title = `${items.length === 0 ? '' : `(${items.length}) `}Waiting for you · Gatehouse`;
  const main = byId('main');
  const focused = document.activeElement?.id ?? '';
  fill(
    main,
    el('h1', {}, 'Waiting for you'),
    items.length > FILTER_FROM && filterField(),
    waiting(items),
    others(requests),
  );
  main.removeAttribute('aria-busy');
  applyFilter();
  if (focused !== '') document.getElementById(focused)?.focus();
}

/** @param {InboxItem[]} items */
function waiting(items) {
  if (items.length === 0) {
    return el(
      'div',
      { class: 'card empty', id: 'nothing-waits' },
      el('p', { class: 'big' }, 'Nothing waits for you.'),
      el(
        'p',
        { class: 'soft' },
        'When a request needs a decision of a group that you are in, it stands here. What you asked for yourself never does: somebody else decides on it.',
      ),
    );
  }
  return el('ul', { class: 'stack', id: 'inbox' }, items.map(waitingItem));
}

/** A field that leaves only rows with the typed words in sight: asker, ticket, name, group. */
function filterField() {
  const input = el('input', {
    id: 'filter',
    type: 'search',
    autocomplete: 'off',
    'aria-controls': 'inbox',
    oninput: () => {
      filter = input.value;
      applyFilter();
    },
  });
  input.value = filter;
  return el('div', { class: 'field filter' }, el('label', { for: 'filter' }, 'Only with these words'), input);
}

function applyFilter() {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  for (const row of document.querySelectorAll('#inbox > li')) {
    const text = row.textContent?.toLowerCase() ?? '';
    if (row instanceof HTMLElement) row.hidden = !words.every((word) => text.includes(word));
  }
}

/** @param {InboxItem} item */
function waitingItem(item) {
  const id = `open-${item.requestId}-${item.gate}`;
  return el(
    'li',
    { class: 'card item' },
    el(
      'div',
      { class: 'item-head' },
      el(
        'h2',
        {},
        el(
          'a',
          { href: `/r/${encodeURIComponent(item.requestId)}`, id, class: 'cover' },
          item.service === undefined
            ? `Promote ${item.title}`
            : `Set up ${item.service} on ${count(item.targets, 'cluster')}`,
        ),
      ),
      pill('open', title(item.gate)),
    ),
    el(
      'p',
      { class: 'line' },
      item.exception !== undefined && el('strong', {}, value(title(item.exception))),
      item.fleet !== undefined && el('span', {}, 'Fleet ', value(item.fleet)),
      item.ticket !== undefined && el('span', {}, 'Ticket ', value(item.ticket)),
      el('span', {}, 'Asked by ', value(item.requester.replace(/ \((?:person|machine) [^()]*\)$/, ''))),
      item.requestedFor !== undefined &&
        item.requestedFor !== '' &&
        el('span', {}, 'For ', value(item.requestedFor)),
      el('span', {}, 'You decide as ', value(item.group)),
    ),
    item.reason !== undefined && el('p', { class: 'reason' }, value(item.reason)),
    el(
      'p',
      { class: 'line soft' },
      el('span', {}, 'Waiting since ', age(item.openedAt)),
      item.due !== undefined && el('span', {}, 'Due ', ...due(item.due)),
      item.epoch > 1 && el('span', {}, `What is asked has changed ${count(item.epoch - 1, 'time')}`),
    ),
  );
}

/** @param {Summary[]} requests */
function others(requests) {
  if (requests.length === 0) return null;
  return el(
    'section',
    { 'aria-labelledby': 'others-title' },
    el('h2', { id: 'others-title', class: 'section' }, 'Requests that you may see'),
    el(
      'ul',
      { class: 'card rows' },
      requests.map((request) =>
        el(
          'li',
          { class: 'item' },
          el(
            'a',
            { href: `/r/${encodeURIComponent(request.id)}`, id: `see-${request.id}`, class: 'cover' },
            value(request.title),
          ),
          request.ticket !== undefined && el('span', { class: 'soft' }, value(request.ticket)),
          el('span', { class: 'soft' }, 'asked ', age(request.acceptedAt)),
          pill(request.status),
        ),
      ),
    ),
  );
}

async function main() {
  await signedIn();
  await show();
  const again = () => {
    if (document.visibilityState === 'visible') show().catch(showFailure);
  };
  setInterval(again, REFRESH_MS);
  document.addEventListener('visibilitychange', again);
}

main().catch(showFailure);
