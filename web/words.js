/** How numbers, times and names are said on the page. */
import { el } from './dom.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const NUMBER = new Intl.NumberFormat('en-GB');
const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

/** @type {Record<string, [string, string]>} */
const OBJECTS = {
  organisation: ['organisation', 'organisations'],
  invites: ['invitation', 'invitations'],
  environment: ['environment', 'environments'],
  integration: ['integration', 'integrations'],
  secrets: ['secret', 'secrets'],
  values: ['values file', 'values files'],
  application: ['application', 'applications'],
  'change-record': ['change record', 'change records'],
  tags: ['tag', 'tags'],
  'merge-request': ['merge request', 'merge requests'],
  merge: ['file', 'files'],
};

/** @type {Record<string, string>} */
const SYSTEMS = {
  otterize: 'Otterize',
  directory: 'Directory',
  'key-vault': 'Azure Key Vault',
  vault: 'Vault',
  gitlab: 'GitLab',
  kubernetes: 'Kubernetes',
  argocd: 'Argo CD',
  flux: 'Flux',
  registry: 'Registry',
  harbor: 'Harbor',
  servicenow: 'ServiceNow',
  prometheus: 'Prometheus',
  'http-check': 'HTTP check',
  kustomize: 'kustomize',
  helm: 'Helm',
  'external-secrets': 'External Secrets',
  notifications: 'Notifications',
  gatehouse: 'Gatehouse',
};

/** @param {number} n */
export function number(n) {
  return NUMBER.format(n);
}

/**
 * `1 cluster`, `25 clusters`.
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function count(n, one, many = `${one}s`) {
  return `${number(n)} ${n === 1 ? one : many}`;
}

/**
 * `25 organisations`, by the planner's name of the object.
 * @param {number} n
 * @param {string} object
 */
export function countOf(n, object) {
  const [one, many] = OBJECTS[object] ?? [object, object];
  return count(n, one, many);
}

/** @param {string} object */
export function objectName(object) {
  return capital(OBJECTS[object]?.[1] ?? object);
}

/** @param {string} system */
export function systemName(system) {
  return SYSTEMS[system] ?? system;
}

/** @param {string} text */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * A name of policy or plan as words: `data-protection` is `Data protection`.
 * @param {string} name
 */
export function title(name) {
  return capital(name.replaceAll('-', ' '));
}

/**
 * `a, b and c`.
 * @param {readonly string[]} items
 */
export function sentence(items) {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/**
 * A span of time in at most two units.
 * @param {number} ms
 */
export function duration(ms) {
  const days = Math.floor(ms / DAY);
  const hours = Math.floor((ms % DAY) / HOUR);
  const minutes = Math.floor((ms % HOUR) / MINUTE);
  if (days > 2) return count(days, 'day');
  if (days > 0) return `${count(days, 'day')}${hours > 0 ? ` ${hours} h` : ''}`;
  if (hours > 0) return `${hours} h${minutes > 0 ? ` ${minutes} min` : ''}`;
  if (minutes > 0) return `${minutes} min`;
  return `${Math.floor(ms / SECOND)} s`;
}

/**
 * When something was or will be, seen from now.
 * @param {string} iso
 */
function fromNow(iso) {
  const ms = Date.parse(iso) - Date.now();
  if (Math.abs(ms) < MINUTE) return ms > 0 ? 'in a moment' : 'just now';
  return ms > 0 ? `in ${duration(ms)}` : `${duration(-ms)} ago`;
}

/**
 * `3 days ago`, which stays right while the page is open; the exact time is in its title.
 * @param {string} iso
 */
export function age(iso) {
  return el('time', { datetime: iso, title: MOMENT.format(new Date(iso)), 'data-age': true }, fromNow(iso));
}

/**
 * `20 May 2027 (in 180 days)`.
 * @param {string} iso
 * @returns {Array<Node | string>}
 */
export function due(iso) {
  return [DATE.format(new Date(iso)), ' (', age(iso), ')'];
}

/**
 * `20 May 2027, 12:30`.
 * @param {string} iso
 */
export function moment(iso) {
  return el('time', { datetime: iso }, MOMENT.format(new Date(iso)));
}

/** Keeps every `age` on the page right. */
export function keepAgesRight() {
  setInterval(() => {
    for (const element of document.querySelectorAll('time[data-age]')) {
      const text = fromNow(element.getAttribute('datetime') ?? '');
      if (element.textContent !== text) element.textContent = text;
    }
  }, 20 * SECOND);
}

/**
 * How a person is called here: the ledger knows ids only.
 * @param {string} personId
 * @param {{ readonly personId: string }} me
 */
export function personName(personId, me) {
  return personId === me.personId ? 'you' : `person ${personId}`;
}
