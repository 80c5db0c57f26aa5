/** The gates of a request: who decides, where it stands, what was decided, and my own decision. */
import { decisionForm } from './decision-form.js';
import { el, facts, outsideLink, value } from './dom.js';
import { pill } from './pill.js';
import { age, count, due, number, personName, sentence, title } from './words.js';

/**
 * @typedef {import('../src/api/schemas/gates.js').GateBody} Gate
 * @typedef {import('../src/api/routes/v1/decisions.js').DecisionsBody['decisions'][number]} Decision
 * @typedef {import('../src/api/schemas/requests.js').StatusBody['gates'][number]} GateStatus
 * @typedef {import('./session.js').Me} Me
 */

/** One gate on the page. Drawing it again leaves the form alone as long as it asks the same. */
export class GateCard {
  /**
   * @param {string} name
   * @param {Me} me
   * @param {import('./decision-form.js').Outcome} outcome
   */
  constructor(name, me, outcome) {
    this.name = name;
    this.me = me;
    this.outcome = outcome;
    this.head = el('div', { class: 'gate-head' });
    this.body = el('div', {});
    this.slot = el('div', {});
    /** what the form in the slot is about */
    this.asks = '';
    this.node = el(
      'section',
      { class: 'card gate', id: `gate-${name}`, 'aria-labelledby': `gate-${name}-title`, tabindex: '-1' },
      this.head,
      this.body,
      this.slot,
    );
  }

  get hasForm() {
    return this.asks !== '';
  }

  /**
   * @param {GateStatus} status
   * @param {Gate} gate
   * @param {readonly Decision[]} decisions of this gate
   */
  draw(status, gate, decisions) {
    const state = status.state;
    this.node.dataset.state = state;
    this.head.replaceChildren(el('h3', { id: `gate-${this.name}-title` }, title(this.name)), pill(state));
    this.body.replaceChildren(
      quorum(status),
      gateFacts(status, gate),
      decisionList(gate, decisions, this.me),
    );
    const asks = gate.mine.mayDecide ? JSON.stringify([gate.requestHash, gate.epoch, gate.planDigest]) : '';
    if (asks !== '' && asks === this.asks) return;
    this.asks = asks;
    this.slot.replaceChildren(asks === '' ? whyNot(gate, state) : decisionForm(gate, this.me, this.outcome));
  }

  /** Nobody can decide on what is no longer asked. */
  lock() {
    for (const fieldset of this.slot.querySelectorAll('fieldset')) fieldset.disabled = true;
  }
}

/** @param {GateStatus} status */
function quorum({ approvals, need }) {
  return el(
    'p',
    { class: 'quorum' },
    el(
      'span',
      { class: 'dots', 'aria-hidden': 'true' },
      Array.from({ length: Math.min(need, 12) }, (_, i) =>
        el('span', { class: i < approvals ? 'dot full' : 'dot' }),
      ),
    ),
    `${number(approvals)} of ${count(need, 'approval')}`,
  );
}

/**
 * @param {GateStatus} status
 * @param {Gate} gate
 */
function gateFacts(status, gate) {
  return facts([
    [
      'Who decides',
      [
        `${count(gate.policy.need, 'member')} of the group `,
        value(gate.policy.group),
        gate.plan.promotion === undefined
          ? ', never who asked or whom it is for'
          : ', never who asked, nor the authors of what is promoted',
      ],
    ],
    gate.evidence.length > 0 && [
      'Must be given',
      sentence(gate.evidence.map(({ label }) => label.toLowerCase())),
    ],
    status.waitsFor.length > 0 && ['Opens after', sentence(status.waitsFor.map(title))],
    status.openedAt !== undefined && ['Open since', age(status.openedAt)],
    status.due !== undefined &&
      status.closedAt === undefined && ['Due', [...due(status.due), ', then it counts as a no']],
    status.closedAt !== undefined && ['Closed', age(status.closedAt)],
  ]);
}

/**
 * @param {Gate} gate
 * @param {string} state
 */
function whyNot(gate, state) {
  if (gate.mine.why === undefined || (state !== 'open' && gate.mine.decided === undefined)) return el('div');
  return el('p', { class: 'why' }, value(gate.mine.why));
}

/**
 * @param {Gate} gate
 * @param {readonly Decision[]} decisions
 * @param {Me} me
 */
function decisionList(gate, decisions, me) {
  if (decisions.length === 0) return el('div');
  return el(
    'ol',
    { class: 'decisions', 'aria-label': 'Decisions so far' },
    decisions.map((decision) =>
      el(
        'li',
        { class: decision.epoch === gate.epoch && decision.holds ? 'made' : 'made old' },
        el(
          'p',
          {},
          pill(decision.decision),
          ' by ',
          value(personName(decision.personId, me)),
          ', ',
          age(decision.at),
        ),
        decision.epoch !== gate.epoch &&
          el('p', { class: 'soft' }, 'For an earlier version of the request: it counts no longer.'),
        !decision.holds && el('p', { class: 'soft' }, 'Its signature does not hold: it counts for nothing.'),
        decision.comment !== undefined && el('blockquote', {}, value(decision.comment)),
        evidenceOf(gate, decision),
      ),
    ),
  );
}

/**
 * @param {Gate} gate
 * @param {Decision} decision
 */
function evidenceOf(gate, decision) {
  const given = Object.entries(decision.evidence);
  if (given.length === 0) return null;
  return facts(
    given.map(([name, text]) => [
      gate.evidence.find((wanted) => wanted.name === name)?.label ?? name,
      outsideLink(text),
    ]),
    { class: 'facts small' },
  );
}
