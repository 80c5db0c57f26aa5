/** Who is signed in: the head of every page, signing in and out. */
import { CallFailed, read, send } from './api.js';
import { byId, el, fill, value } from './dom.js';
import { forgetDrafts } from './drafts.js';
import { keepAgesRight } from './words.js';

/**
 * @typedef {{ kind: string, name: string, personId: string, roles: string[], owns: string[], families: string[], signedInAt: string }} Me
 */

const TRIED = 'gatehouse.sign-in-tried';
/** Coming back unsigned sooner than this means that signing in does not work: no more going round in circles. */
const CIRCLE_MS = 60_000;

/**
 * Where to sign in and come back to this page. Only the path comes back: nothing of a query is kept.
 * @param {{ fresh?: boolean }} [options] fresh: prove again who you are
 */
export function signInAddress({ fresh = false } = {}) {
  const query = new URLSearchParams({ returnTo: location.pathname, ...(fresh ? { fresh: '1' } : {}) });
  return `/auth/login?${query}`;
}

/**
 * Who I am. Somebody who is not signed in is sent to sign in, and this never resolves.
 * @returns {Promise<Me>}
 * @throws {CallFailed}
 */
export async function signedIn() {
  try {
    /** @type {Me} */
    const me = await read('/v1/me');
    sessionStorage.removeItem(TRIED);
    showHead(me);
    keepAgesRight();
    return me;
  } catch (error) {
    if (!(error instanceof CallFailed) || error.kind !== 'unauthenticated') throw error;
    const tried = Number(sessionStorage.getItem(TRIED) ?? 0);
    if (Date.now() - tried > CIRCLE_MS) {
      sessionStorage.setItem(TRIED, String(Date.now()));
      location.replace(signInAddress());
    } else {
      askToSignIn('Signing in did not work', 'The browser came back without a session.');
    }
    return new Promise(() => {});
  }
}

/**
 * In place of everything else: please sign in.
 * @param {string} title
 * @param {string} text
 */
export function askToSignIn(title, text) {
  fill(byId('me'));
  showInstead(
    el('h1', {}, title),
    el('p', {}, text),
    el('p', {}, el('a', { class: 'button primary', href: signInAddress() }, 'Sign in')),
  );
}

/**
 * In place of everything else: what went wrong and what to do.
 * @param {unknown} error
 */
export function showFailure(error) {
  if (!(error instanceof CallFailed)) {
    console.error(error);
    showInstead(
      el('h1', {}, 'The page itself failed'),
      el('p', {}, 'Nothing was decided by it.'),
      el('p', {}, again()),
    );
    return;
  }
  if (error.kind === 'unauthenticated') {
    askToSignIn('Your session has ended', 'Sign in again to go on where you were.');
    return;
  }
  const { title, detail, remedy } = error.problem;
  showInstead(
    el('h1', {}, title),
    el('p', {}, detail),
    el('p', {}, remedy),
    el('p', { class: 'actions' }, el('a', { class: 'button', href: '/' }, 'What waits for me'), again()),
  );
}

function again() {
  return el('button', { class: 'button', type: 'button', onclick: () => location.reload() }, 'Try again');
}

/** @param {...Node} children */
function showInstead(...children) {
  const main = byId('main');
  fill(main, el('div', { class: 'card message' }, ...children));
  main.removeAttribute('aria-busy');
}

/** The parts of the page, and the addresses below each. @type {Array<{ href: string, text: string, family?: string }>} */
const PARTS = [
  { href: '/', text: 'Waiting' },
  { href: '/environments', text: 'Environments', family: 'promotion' },
];

/**
 * What the installation has no use for is not offered.
 * @param {Me} me
 */
function navigation({ families }) {
  return el(
    'nav',
    { 'aria-label': 'Gatehouse' },
    PARTS.filter(({ family }) => family === undefined || families.includes(family)).map(({ href, text }) =>
      el('a', { href, ...(isHere(href) ? { 'aria-current': 'page' } : {}) }, text),
    ),
  );
}

/** @param {string} href */
function isHere(href) {
  const { pathname } = location;
  return href === '/' ? pathname === '/' : pathname === href || pathname.startsWith(`${href}/`);
}

/** @param {Me} me */
function showHead(me) {
  fill(
    byId('me'),
    navigation(me),
    el('span', { class: 'who' }, el('span', { class: 'soft label' }, 'Signed in as '), value(me.name)),
    el('button', { class: 'button quiet', type: 'button', onclick: signOut }, 'Sign out'),
  );
}

async function signOut() {
  try {
    await send('/auth/logout');
    forgetDrafts();
    askToSignIn('You are signed out', 'Close the window, or sign in again.');
  } catch (error) {
    showFailure(error);
  }
}
