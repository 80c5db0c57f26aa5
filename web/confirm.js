/** The step before a decision leaves the page: it repeats what is decided, and waits for a yes. */
import { el, facts, value } from './dom.js';
import { irreversibles, planInWords } from './plan.js';
import { count, title } from './words.js';

/**
 * @typedef {import('../src/api/schemas/gates.js').GateBody} Gate
 * @typedef {{ decision: 'approve' | 'reject', evidence: Record<string, string>, comment: string }} Given
 */

/**
 * @param {Gate} gate
 * @param {Given} given
 * @returns {Promise<boolean>} whether it was meant so
 */
export function confirmDecision(gate, given) {
  const approving = given.decision === 'approve';
  const dialog = el('dialog', { class: 'confirm', 'aria-labelledby': 'confirm-title', id: 'confirm' });
  const close = (/** @type {string} */ answer) => () => dialog.close(answer);
  dialog.append(
    el(
      'h2',
      { id: 'confirm-title', tabindex: '-1', autofocus: true },
      `${approving ? 'Approve' : 'Reject'} at the gate ${title(gate.gate)}?`,
    ),
    facts([
      [
        'Request',
        [
          ...(gate.asked.service === undefined
            ? ['Promote ', value(gate.asked.title)]
            : [
                `Set up ${gate.asked.service} on ${count(gate.plan.targets.length, 'cluster')}, for `,
                value(gate.asked.requestedFor || 'somebody whose address was erased'),
              ]),
          gate.asked.ticket !== undefined && ', ticket ',
          gate.asked.ticket !== undefined && value(gate.asked.ticket),
        ],
      ],
      ...(approving ? approvalFacts(gate, given) : rejectionFacts()),
      ['Your comment', given.comment === '' ? 'none' : value(given.comment)],
      ['Signed for', [`version ${gate.epoch}, plan `, el('code', {}, gate.planDigest.slice(0, 16))]],
    ]),
    el('p', { class: 'soft' }, 'Your decision is signed and kept. You cannot take it back here.'),
    el(
      'div',
      { class: 'actions' },
      el(
        'button',
        { type: 'button', class: approving ? 'button approve' : 'button reject', onclick: close('yes') },
        approving ? 'Yes, approve' : 'Yes, reject',
      ),
      el('button', { type: 'button', class: 'button', onclick: close('') }, 'Go back'),
    ),
  );
  return answered(dialog);
}

/**
 * Asks once more before something is done that is no decision.
 * @param {{ title: string, means: string, yes: string, tone: string }} question
 * @returns {Promise<boolean>} whether it was meant so
 */
export function askAgain({ title: heading, means, yes, tone }) {
  const dialog = el('dialog', { class: 'confirm', 'aria-labelledby': 'confirm-title', id: 'confirm' });
  const close = (/** @type {string} */ answer) => () => dialog.close(answer);
  dialog.append(
    el('h2', { id: 'confirm-title', tabindex: '-1', autofocus: true }, heading),
    el('p', {}, means),
    el(
      'div',
      { class: 'actions' },
      el('button', { type: 'button', class: `button ${tone}`, onclick: close('yes') }, yes),
      el('button', { type: 'button', class: 'button', onclick: close('') }, 'Go back'),
    ),
  );
  return answered(dialog);
}

/** @param {HTMLDialogElement} dialog */
function answered(dialog) {
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    dialog.showModal();
  });
}

/** Takes the question back, because what it asks about has changed. */
export function closeConfirmation() {
  const open = document.getElementById('confirm');
  if (open instanceof HTMLDialogElement) open.close('');
}

/**
 * @param {Gate} gate
 * @param {Given} given
 * @returns {Array<[string, import('./dom.js').Child | import('./dom.js').Child[]] | false>}
 */
function approvalFacts(gate, given) {
  const final = irreversibles(gate.plan);
  return [
    ['It will do', planInWords(gate.plan)],
    final.length > 0 && ['Cannot be taken back', final.map((text) => el('div', {}, text))],
    ...gate.evidence.map(
      ({ name, label }) =>
        /** @type {[string, import('./dom.js').Child]} */ ([label, value(given.evidence[name] ?? '')]),
    ),
  ];
}

/** @returns {Array<[string, string]>} */
function rejectionFacts() {
  return [
    [
      'It means',
      'The request ends here. Nothing of it is carried out; whoever still wants it must ask anew.',
    ],
  ];
}
