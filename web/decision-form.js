/** Evidence, comment, and the two buttons. It sends the epoch and the plan digest of what this page shows. */
import { CallFailed, requestPath, send } from './api.js';
import { confirmDecision } from './confirm.js';
import { el, fill } from './dom.js';
import { forgetDraft, keepDraft, readDraft } from './drafts.js';
import { signInAddress } from './session.js';
import { duration, title } from './words.js';

/**
 * @typedef {import('../src/api/schemas/gates.js').GateBody} Gate
 * @typedef {import('../src/api/problems.js').ProblemBody} ProblemBody
 * @typedef {import('./session.js').Me} Me
 * @typedef {object} Outcome
 * @property {(decision: 'approve' | 'reject') => void} onDecided
 * @property {(problem: ProblemBody) => void} onChanged what is asked, or whether it is asked, is not what was shown
 */

/** @type {Record<string, Record<string, string>>} */
const INPUTS = {
  contractNumber: { type: 'text', autocomplete: 'off', spellcheck: 'false' },
  licences: { type: 'text', inputmode: 'numeric', autocomplete: 'off' },
  validUntil: { type: 'date' },
  assessmentUrl: { type: 'url', inputmode: 'url', autocomplete: 'off', placeholder: 'https://' },
  link: { type: 'url', inputmode: 'url', autocomplete: 'off', placeholder: 'https://' },
};

/** Longest comment that the API takes. */
const MAX_COMMENT = 2_000;

/** The world is not what the page shows: read it again. */
const CHANGED = new Set(['outdated', 'gate-closed', 'ended', 'already-decided']);
/** Whoever decides must prove who they are, or that they still are. */
const SIGN_IN = new Set(['login-too-old', 'unauthenticated']);

/**
 * @param {Gate} gate as it is shown
 * @param {Me} me
 * @param {Outcome} outcome
 */
export function decisionForm(gate, me, outcome) {
  const place = { personId: me.personId, requestId: gate.requestId, gate: gate.gate };
  const draft = readDraft(place);
  const id = (/** @type {string} */ name) => `${gate.gate}-${name}`;

  const inputs = new Map(
    gate.evidence.map(({ name }) => {
      const input = el('input', {
        id: id(name),
        name,
        'aria-describedby': `${id(name)}-rule ${id(name)}-fault`,
        ...(INPUTS[name] ?? { type: 'text' }),
      });
      input.value = draft[name] ?? '';
      return [name, input];
    }),
  );
  const comment = el('textarea', { id: id('comment'), name: 'comment', rows: 3, maxlength: MAX_COMMENT });
  comment.value = draft.comment ?? '';
  const faults = new Map(
    gate.evidence.map(({ name }) => [name, el('p', { class: 'fault', id: `${id(name)}-fault` })]),
  );
  const trouble = el('div', { role: 'alert', tabindex: '-1' });
  const approve = el(
    'button',
    { type: 'button', class: 'button approve', onclick: () => decide('approve') },
    'Approve …',
  );
  const reject = el(
    'button',
    { type: 'button', class: 'button reject', onclick: () => decide('reject') },
    'Reject …',
  );
  const everything = el(
    'fieldset',
    { class: 'bare' },
    el('legend', { class: 'unseen' }, `Your decision at the gate ${title(gate.gate)}`),
    freshLogin(gate, me),
    gate.evidence.map(({ name, label, rule }) =>
      el(
        'div',
        { class: 'field' },
        el('label', { for: id(name) }, label),
        el('p', { class: 'rule', id: `${id(name)}-rule` }, rule),
        inputs.get(name),
        faults.get(name),
      ),
    ),
    el(
      'div',
      { class: 'field' },
      el('label', { for: id('comment') }, 'Comment'),
      el('p', { class: 'rule' }, 'Whoever may see the request can read it.'),
      comment,
    ),
    trouble,
    el('div', { class: 'actions' }, approve, reject),
  );
  const form = el(
    'form',
    {
      class: 'decision',
      novalidate: true,
      'aria-label': `Your decision at the gate ${title(gate.gate)}`,
      // neither Enter nor anything else than the two buttons decides
      onsubmit: (event) => event.preventDefault(),
      oninput: () => keepDraft(place, { ...evidence(), comment: comment.value }),
    },
    everything,
  );

  function evidence() {
    return Object.fromEntries([...inputs].map(([name, input]) => [name, input.value.trim()]));
  }

  /** @param {Map<string, string>} found message by name of evidence */
  function showFaults(found) {
    for (const [name, input] of inputs) {
      const message = found.get(name);
      const label = gate.evidence.find((wanted) => wanted.name === name)?.label ?? name;
      fill(faults.get(name) ?? form, message === undefined ? null : `${label}: ${message}`);
      if (message === undefined) input.removeAttribute('aria-invalid');
      else input.setAttribute('aria-invalid', 'true');
    }
    const first = [...inputs].find(([name]) => found.has(name));
    first?.[1].focus();
  }

  /** @param {'approve' | 'reject'} decision */
  async function decide(decision) {
    if (form.hasAttribute('aria-busy')) return;
    const given = {
      decision,
      evidence: decision === 'approve' ? evidence() : {},
      comment: comment.value.trim(),
    };
    fill(trouble);
    const missing = Object.entries(given.evidence).filter(([, text]) => text === '');
    showFaults(new Map(missing.map(([name]) => [name, 'is required'])));
    if (missing.length > 0) return;
    const body = {
      decision,
      epoch: gate.epoch,
      planDigest: gate.planDigest,
      evidence: given.evidence,
      ...(given.comment === '' ? {} : { comment: given.comment }),
    };
    // what would be refused is said at its field, not after the last question
    if (!(await isTaken(body, 'check')) || !(await confirmDecision(gate, given))) return;
    if (!(await isTaken(body))) return;
    forgetDraft(place);
    outcome.onDecided(decision);
  }

  /**
   * Sends the decision, or asks whether it would be taken. What is refused is shown.
   * @param {object} body
   * @param {...string} more
   * @returns {Promise<boolean>}
   */
  async function isTaken(body, ...more) {
    // while it is only asked, the focus stays on the button
    everything.disabled = more.length === 0;
    form.setAttribute('aria-busy', 'true');
    try {
      await send(requestPath(gate.requestId, 'gates', gate.gate, 'decisions', ...more), body);
      return true;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      // a disabled field cannot take the focus
      everything.disabled = false;
      refused(error);
      return false;
    } finally {
      everything.disabled = false;
      form.removeAttribute('aria-busy');
    }
  }

  /** @param {CallFailed} failed */
  function refused({ kind, problem }) {
    if (CHANGED.has(kind)) {
      outcome.onChanged(problem);
      return;
    }
    const found = (problem.faults ?? []).filter(({ place: at }) => at.startsWith('evidence.'));
    fill(
      trouble,
      el(
        'div',
        { class: 'note bad' },
        el('p', {}, el('strong', {}, problem.title)),
        el('p', {}, found.length === 0 ? `${problem.detail} ${problem.remedy}` : problem.detail),
        SIGN_IN.has(kind) && signInAgain(),
      ),
    );
    if (found.length === 0) trouble.focus();
    else showFaults(new Map(found.map(({ place: at, message }) => [at.slice('evidence.'.length), message])));
  }

  return form;
}

/**
 * @param {Gate} gate
 * @param {Me} me
 */
function freshLogin(gate, me) {
  const { freshLoginMs } = gate.policy;
  if (freshLoginMs === undefined || Date.now() - Date.parse(me.signedInAt) <= freshLoginMs) return null;
  return el(
    'div',
    { class: 'note wait' },
    el('p', {}, `This gate wants a login that is at most ${duration(freshLoginMs)} old.`),
    signInAgain(),
  );
}

function signInAgain() {
  return el(
    'p',
    {},
    el('a', { class: 'button', href: signInAddress({ fresh: true }) }, 'Sign in again'),
    el('span', { class: 'soft' }, ' What you have typed stays here.'),
  );
}
