/** One request: what is asked, what it will do, who decides, how it goes. */
import { CallFailed, read, requestPath } from './api.js';
import { askedView, isBy } from './asked.js';
import { closeConfirmation } from './confirm.js';
import { byId, el, fill, value } from './dom.js';
import { GateCard } from './gates.js';
import { follow } from './live.js';
import { pill } from './pill.js';
import { reference } from './places.js';
import { planView } from './plan.js';
import { changesView } from './plan-changes.js';
import { hasStarted, progressView } from './progress.js';
import { showFailure, signedIn } from './session.js';
import { shadowView } from './shadow.js';
import { Steering } from './steering.js';
import { timesView } from './times.js';
import { age, capital, count, due, duration, title } from './words.js';

/**
 * @typedef {import('../src/api/schemas/requests.js').StatusBody} Status
 * @typedef {import('../src/api/schemas/gates.js').GateBody} Gate
 * @typedef {import('./gates.js').Decision} Decision
 * @typedef {import('./session.js').Me} Me
 * @typedef {{ gates: Gate[], decisions: Decision[] }} Asked
 */

class RequestPage {
  /**
   * @param {string} requestId
   * @param {Me} me
   */
  constructor(requestId, me) {
    this.requestId = requestId;
    this.me = me;
    /** @type {Status | undefined} */
    this.status = undefined;
    /** what the page shows and a decision is about @type {Asked | undefined} */
    this.asked = undefined;
    /** @type {Map<string, GateCard>} */
    this.cards = new Map();
    this.turn = 0;
    this.locked = false;

    this.notices = el('div', { id: 'notices' });
    this.said = el('p', { class: 'unseen', role: 'status' });
    this.head = el('div', { class: 'request-head' });
    this.now = el('div', {});
    this.progress = el('div', {});
    this.askedPart = el('div', {});
    this.planPart = el('div', {});
    this.gates = el('div', { class: 'stack' });
    this.times = el('div', {});
    this.steering = new Steering(requestId, me, (heading, detail, isGood) =>
      this.notice(isGood ? 'good' : 'bad', heading, el('p', {}, detail)),
    );
    this.connection = el('span', { class: 'soft', id: 'connection' });
  }

  /** Puts the empty parts on the page. */
  begin() {
    fill(
      byId('main'),
      el('nav', { 'aria-label': 'You are here' }, el('a', { href: '/' }, '← Waiting for you')),
      this.said,
      this.notices,
      this.head,
      el(
        'div',
        { class: 'columns' },
        el(
          'div',
          { class: 'stack content' },
          this.now,
          this.steering.node,
          this.progress,
          section('asked', 'What is asked', this.askedPart),
          section('plan', 'What it will do', this.planPart),
        ),
        el(
          'div',
          { class: 'aside' },
          el(
            'div',
            {},
            el('h2', { id: 'gates-title' }, 'Gates'),
            el('section', { 'aria-labelledby': 'gates-title', id: 'gates' }, this.gates),
          ),
        ),
        el(
          'div',
          { class: 'stack rest' },
          section('time', 'Where the time went', this.times),
          el(
            'p',
            { class: 'soft foot' },
            el(
              'a',
              { href: requestPath(this.requestId, 'bundle'), download: `${this.requestId}.bundle.json` },
              'Evidence as a file',
            ),
            el('span', {}, `Request ${this.requestId}`),
            this.connection,
          ),
        ),
      ),
    );
    byId('main').removeAttribute('aria-busy');
  }

  /** @param {Status} status */
  async take(status) {
    const before = this.status;
    this.status = status;
    this.drawStatus(status);
    if (status.epoch === 0) {
      fill(
        this.planPart,
        el(
          'p',
          {},
          'Gatehouse is working out what it would do. This takes a moment; nothing is changed by it.',
        ),
      );
      fill(this.gates, el('p', { class: 'card soft' }, 'The gates open when the plan is there.'));
      fill(this.askedPart, el('p', { class: 'soft' }, 'Follows with the plan.'));
      return;
    }
    if (before !== undefined && this.asked !== undefined && gatesAlike(before, status)) return;
    await this.readAsked();
  }

  /** Reads what is asked, and shows it unless somebody is in the middle of deciding on something else. */
  async readAsked() {
    const { status } = this;
    if (status === undefined) return;
    this.turn += 1;
    const { turn } = this;
    const [gates, { decisions }] = await Promise.all([
      Promise.all(status.gates.map(({ gate }) => read(requestPath(this.requestId, 'gates', gate)))),
      read(requestPath(this.requestId, 'decisions')),
    ]);
    // a later reading has overtaken this one
    if (turn !== this.turn) return;
    /** @type {Asked} */
    const next = { gates, decisions };
    const changed = this.asked !== undefined && digestOf(this.asked) !== digestOf(next);
    const deciding = [...this.cards.values()].some((card) => card.hasForm);
    if (changed && deciding && !this.locked) this.lock();
    else if (!this.locked) this.show(next, changed);
  }

  /** What is asked has changed under the eyes of somebody who may decide: they say when to go on. */
  lock() {
    this.locked = true;
    closeConfirmation();
    for (const card of this.cards.values()) card.lock();
    this.notice(
      'wait',
      'What is asked has changed while you were reading',
      el('p', {}, 'Nothing was decided. What you have typed stays.'),
      el(
        'p',
        {},
        el(
          'button',
          { type: 'button', class: 'button', onclick: () => this.unlock() },
          'Show what is asked now',
        ),
      ),
    );
  }

  unlock() {
    const before = this.asked;
    this.locked = false;
    this.asked = undefined;
    this.readAsked()
      .then(() => this.explain(before, 'What is asked has changed'))
      .catch((error) => this.trouble(error));
  }

  /**
   * @param {Asked} next
   * @param {boolean} changed
   */
  show(next, changed) {
    const before = this.asked;
    const { status } = this;
    const [first] = next.gates;
    if (status === undefined || first === undefined) return;
    this.asked = next;
    if (before === undefined || changed) {
      fill(this.askedPart, askedView(first, this.me));
      fill(this.planPart, planView(first.plan));
    }
    for (const gate of next.gates) {
      const gateStatus = status.gates.find((other) => other.gate === gate.gate);
      if (gateStatus === undefined) continue;
      this.cardOf(gate.gate).draw(
        gateStatus,
        gate,
        next.decisions.filter((decision) => decision.gate === gate.gate),
      );
    }
    if (this.gates.childElementCount !== this.cards.size || this.gates.querySelector('.gate') === null) {
      fill(this.gates, ...[...this.cards.values()].map((card) => card.node));
    }
    this.drawStatus(status);
    if (changed) this.explain(before, 'What is asked has changed');
  }

  /** @param {string} name */
  cardOf(name) {
    let card = this.cards.get(name);
    if (card === undefined) {
      card = new GateCard(name, this.me, {
        onDecided: (decision) => this.decided(name, decision),
        onChanged: (problem) => this.changedMeanwhile(problem),
      });
      this.cards.set(name, card);
    }
    return card;
  }

  /**
   * @param {string} gate
   * @param {'approve' | 'reject'} decision
   */
  async decided(gate, decision) {
    const word = decision === 'approve' ? 'approval' : 'rejection';
    this.notice('good', `Your ${word} at the gate ${title(gate)} is recorded`);
    await this.refresh();
  }

  /**
   * The decision was refused because the world is not what the page shows: shows what changed.
   * @param {import('../src/api/problems.js').ProblemBody} problem
   */
  async changedMeanwhile(problem) {
    const before = this.asked;
    this.locked = false;
    this.asked = undefined;
    await this.refresh();
    this.explain(before, problem.title, problem.detail);
  }

  /**
   * @param {Asked | undefined} before
   * @param {string} heading
   * @param {string} [detail]
   */
  explain(before, heading, detail) {
    const was = before?.gates[0];
    const is = this.asked?.gates[0];
    const differs = was !== undefined && is !== undefined && was.planDigest !== is.planDigest;
    this.notice(
      'wait',
      heading,
      ...(detail === undefined ? [] : [el('p', {}, detail)]),
      ...(differs ? [changesView(was.plan, is.plan)] : []),
      el('p', {}, 'Below stands what is asked now. Nothing of yours was decided by this.'),
    );
  }

  async refresh() {
    try {
      this.status = await read(requestPath(this.requestId));
      await this.readAsked();
    } catch (error) {
      this.trouble(error);
    }
  }

  /**
   * Something could not be read. Bad weather leaves the page as it is.
   * @param {unknown} error
   * @returns {boolean} whether it makes sense to go on trying
   */
  trouble(error) {
    const isWeather =
      error instanceof CallFailed && ['unavailable', 'too-many-calls', 'internal'].includes(error.kind);
    if (isWeather) fill(this.connection, 'Gatehouse does not answer; trying again …');
    else showFailure(error);
    return isWeather;
  }

  /**
   * @param {'good' | 'wait' | 'bad'} tone
   * @param {string} heading
   * @param {...Node} more
   */
  notice(tone, heading, ...more) {
    const close = el(
      'button',
      {
        type: 'button',
        class: 'button quiet',
        'aria-label': 'Close this notice',
        onclick: () => fill(this.notices),
      },
      '✕',
    );
    const node = el(
      'div',
      { class: `note ${tone} notice`, tabindex: '-1' },
      el('div', { class: 'notice-head' }, el('p', {}, el('strong', {}, heading)), close),
      ...more,
    );
    fill(this.notices, node);
    fill(this.said, heading);
    node.focus();
  }

  /** @param {Status} status */
  drawStatus(status) {
    const [, service = '', fleet = ''] = status.workflowId.split('/');
    const { promotion } = status;
    const heading =
      promotion === undefined
        ? `Set up ${service} on ${count(status.targets.length, 'cluster')}`
        : `Promote ${promotion.application} to ${promotion.environment}`;
    document.title = `${heading} · Gatehouse`;
    const asked = this.asked?.gates[0]?.asked;
    fill(
      this.head,
      el('div', { class: 'title-row' }, el('h1', {}, heading), pill(status.status)),
      el(
        'p',
        { class: 'line soft' },
        promotion === undefined && el('span', {}, 'Fleet ', value(fleet)),
        promotion?.exception !== undefined && el('strong', {}, value(title(promotion.exception))),
        promotion !== undefined &&
          el('span', {}, 'From ', value(promotion.from), ' to ', value(promotion.environment)),
        promotion?.release !== undefined && el('span', {}, 'Release ', value(promotion.release)),
        promotion?.shadow !== undefined && el('strong', {}, 'In shadow: nothing is changed, nobody is asked'),
        promotion?.changeRecord !== undefined &&
          el('span', {}, 'Change record ', reference(promotion.changeRecord)),
        status.ticket !== undefined && el('span', {}, 'Ticket ', value(status.ticket)),
        asked?.requestedFor !== undefined && el('span', {}, 'For ', value(asked.requestedFor || 'somebody')),
        el('span', {}, 'Asked ', age(status.acceptedAt)),
        status.endedAt !== undefined && el('span', {}, 'Ended ', age(status.endedAt)),
      ),
    );
    fill(
      this.now,
      nowView(
        status,
        [...this.cards.values()].filter((card) => card.hasForm).map(({ name }) => name),
      ),
    );
    this.steering.isMine = asked !== undefined && isBy(asked.requester, this.me);
    this.steering.draw(status);
    const hasProgress = hasStarted(status) || isProposed(status);
    fill(
      this.progress,
      promotion?.shadow === undefined
        ? hasProgress &&
            section(
              'progress',
              'How it goes',
              progressView(status, (target) => this.steering.beside(status, target)),
            )
        : section('progress', 'What it would do', shadowView(promotion.shadow)),
    );
    fill(this.times, timesView(status));
  }
}

/**
 * A promotion shows its merge requests while people decide.
 * @param {Status} status
 */
function isProposed({ promotion }) {
  return promotion?.places.some(({ mergeRequest }) => mergeRequest !== undefined) === true;
}

/** Failures are told one by one further down, so only the first few stand here. */
const SHOWN_CONDITIONS = 4;

/**
 * What it waits for, who can unblock it, and what comes next; or how it ended.
 * @param {Status} status
 * @param {string[]} mine gates at which I may decide
 */
function nowView(status, mine) {
  if (status.endedAt !== undefined) {
    return status.message === undefined ? null : el('p', { class: 'card big' }, value(status.message));
  }
  if (status.waitingFor.length === 0) return null;
  const shown = status.waitingFor.slice(0, SHOWN_CONDITIONS);
  const more = status.waitingFor.length - shown.length;
  return el(
    'div',
    { class: `note ${status.status === 'attention' ? 'bad' : 'wait'}`, id: 'now' },
    el('ul', { class: 'plain' }, shown.map(conditionView)),
    more > 0 && el('p', { class: 'soft' }, `and ${count(more, 'more', 'more')}, see below`),
    mine.length > 0 &&
      el(
        'p',
        { class: 'jump' },
        mine.map((name) =>
          el('a', { class: 'button', href: `#gate-${name}` }, `To your decision: ${title(name)}`),
        ),
      ),
  );
}

/** @param {Status['waitingFor'][number]} item */
function conditionView(item) {
  if (item.gate !== undefined) {
    return el(
      'li',
      {},
      'Waits for the group ',
      el('strong', {}, value(item.group ?? item.who)),
      ` at the gate ${title(item.gate)}, for ${duration(item.sinceMs)}`,
      ...(item.due === undefined ? [] : [', until ', ...due(item.due)]),
    );
  }
  return el(
    'li',
    {},
    el('strong', {}, value(beginning(item.condition))),
    `, for ${duration(item.sinceMs)}. `,
    value(capital(item.who)),
    ' can move it. Next: ',
    value(item.next),
  );
}

/**
 * A sentence begins with a capital letter, but not the key of a place or cluster.
 * @param {string} text
 */
function beginning(text) {
  return /^[a-z]+(?: |$)/.test(text) ? capital(text) : text;
}

/** @param {Asked} asked */
function digestOf({ gates }) {
  return JSON.stringify(gates.map(({ gate, epoch, planDigest }) => [gate, epoch, planDigest]));
}

/**
 * @param {Status} a
 * @param {Status} b
 */
function gatesAlike(a, b) {
  const of = (/** @type {Status} */ status) =>
    JSON.stringify([status.epoch, status.planDigest, status.endedAt, status.gates]);
  return of(a) === of(b);
}

/**
 * @param {string} id
 * @param {string} heading
 * @param {Node} content
 */
function section(id, heading, content) {
  return el(
    'section',
    { class: 'card', id, 'aria-labelledby': `${id}-title` },
    el('h2', { id: `${id}-title` }, heading),
    content,
  );
}

/** @type {Record<import('./live.js').Connection, string>} */
const CONNECTIONS = { live: 'Live', reconnecting: 'Connecting again …', ended: 'Ended' };

async function main() {
  // the path alone says which request; a query says nothing
  const requestId = decodeURIComponent(location.pathname.slice('/r/'.length));
  const me = await signedIn();
  /** @type {Status} */
  const status = await read(requestPath(requestId));
  const page = new RequestPage(requestId, me);
  page.begin();
  await page.take(status);
  follow(requestId, {
    status: (next) => {
      page.take(next).catch((error) => page.trouble(error));
    },
    connection: (connection) => fill(page.connection, CONNECTIONS[connection]),
    lost: async () => {
      try {
        await page.take(await read(requestPath(requestId)));
      } catch (error) {
        if (!page.trouble(error)) throw error;
      }
    },
  });
}

main().catch(showFailure);
