/** What waits for me, and what else I may see. */
import { CallFailed, read } from './api.js';
import { byId, el, fill, value } from './dom.js';
import { pill } from './pill.js';
import { showFailure, signedIn } from './session.js';
import { age, count, due, title } from './words.js';

/**
 * @typedef {import('typebox').Static<typeof import('../src/api/schemas/gates.js').InboxSchema>['items'][number]} InboxItem
 * @typedef {import('typebox').Static<typeof import('../src/api/schemas/requests.js').SummarySchema>} Summary
 */

/** Looked at again as often as this, and when the window comes to the front. */
const REFRESH_MS = 30_000;

async function show() {
  const [inbox, list, { applications }] = await Promise.all([
    read('/v1/inbox'),
    read('/v1/requests'),
    readApplications(),
  ]);
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
    waiting(items),
    applications.length > 0 &&
      el('p', {}, el('a', { href: '/environments', id: 'environments' }, 'What runs where')),
    others(requests),
  );
  main.removeAttribute('aria-busy');
  if (focused !== '') document.getElementById(focused)?.focus();
}

/**
 * Applications that are promoted and that I may see; none where nothing is promoted.
 * @returns {Promise<{ applications: unknown[] }>}
 */
async function readApplications() {
  try {
    return await read('/v1/environments');
  } catch (error) {
    if (error instanceof CallFailed && error.kind === 'no-promotions') return { applications: [] };
    throw error;
  }
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
      el('span', {}, 'You decide as ', value(item.group)),
    ),
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
            value(request.workflowId.split('/').slice(1).join(' · ')),
          ),
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
