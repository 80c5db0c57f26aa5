/** What operators and owners may do about a promotion: each button asks once more before it does anything. */
import { CallFailed, requestPath, send } from './api.js';
import { askAgain } from './confirm.js';
import { el, fill } from './dom.js';

/**
 * @typedef {import('../src/api/schemas/requests.js').StatusBody} Status
 * @typedef {import('./session.js').Me} Me
 * @typedef {'rollback' | 'retry' | 'accept' | 'cancel'} Command
 */

/** @type {Record<Command, { label: string, title: string, means: string, yes: string, tone: string }>} */
const COMMANDS = {
  retry: {
    label: 'Try again …',
    title: 'Try again?',
    means: 'What failed goes on from the step that failed. What is done is found and not done twice.',
    yes: 'Yes, try again',
    tone: 'approve',
  },
  accept: {
    label: 'Accept the check …',
    title: 'Go on although a check could not say?',
    means: 'You have looked yourself, and it works. It stands in the ledger under your name.',
    yes: 'Yes, I have looked',
    tone: 'approve',
  },
  rollback: {
    label: 'Take it back …',
    title: 'Take the promotion back?',
    means:
      'Whatever it waits for ends. Git gets back what stood there before, and what ran before is proven to run again. After that changes are held until somebody releases them.',
    yes: 'Yes, take it back',
    tone: 'reject',
  },
  cancel: {
    label: 'Cancel …',
    title: 'Cancel the request?',
    means: 'What is in hand is finished, then it ends. What was merged stays merged.',
    yes: 'Yes, cancel it',
    tone: 'reject',
  },
};

/** Where a person stands who may steer; drawn again with each status, so that focus stays it is only changed when it differs. */
export class Steering {
  /**
   * @param {string} requestId
   * @param {Me} me
   * @param {(heading: string, detail: string, isGood: boolean) => void} onAnswer
   */
  constructor(requestId, me, onAnswer) {
    this.requestId = requestId;
    this.me = me;
    this.onAnswer = onAnswer;
    this.node = el('div', {});
    this.shown = '';
  }

  /** @param {Status} status */
  draw(status) {
    const commands = commandsFor(status, this.me);
    const key = commands.join();
    if (key === this.shown) return;
    this.shown = key;
    fill(
      this.node,
      commands.length > 0 &&
        el(
          'section',
          { class: 'card', id: 'steering', 'aria-labelledby': 'steering-title' },
          el('h2', { id: 'steering-title' }, 'What you can do'),
          el(
            'div',
            { class: 'actions' },
            commands.map((command) =>
              el(
                'button',
                { type: 'button', class: 'button', onclick: () => this.ask(command) },
                COMMANDS[command].label,
              ),
            ),
          ),
        ),
    );
  }

  /** @param {Command} command */
  async ask(command) {
    const { title, means, yes, tone } = COMMANDS[command];
    if (!(await askAgain({ title, means, yes, tone }))) return;
    try {
      const { message } = await send(requestPath(this.requestId, command), {});
      this.onAnswer('Gatehouse was told', message, true);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      const { problem } = error;
      this.onAnswer(problem.title, `${problem.detail} ${problem.remedy}`, false);
    }
  }
}

/**
 * @param {Status} status
 * @param {Me} me
 * @returns {Command[]}
 */
function commandsFor(status, me) {
  const { promotion } = status;
  if (promotion === undefined || status.endedAt !== undefined) return [];
  const isOperator = me.roles.includes('operator');
  const isOwner = me.owns.includes(promotion.application);
  const hasBegun = promotion.places.some(({ step }) =>
    ['waiting', 'merging', 'delivering', 'checking', 'soaking', 'proven'].includes(step),
  );
  const failed = status.targets.flatMap(({ state, failure }) => (state === 'failed' ? [failure] : []));
  const isUnclear = failed.some((failure) => failure?.operation.includes('could not say') === true);
  return [
    ...(isOperator && failed.length > 0 ? [/** @type {Command} */ ('retry')] : []),
    ...(isOperator && isUnclear ? [/** @type {Command} */ ('accept')] : []),
    ...((isOperator || isOwner) && hasBegun && !promotion.isRollingBack
      ? [/** @type {Command} */ ('rollback')]
      : []),
    ...(isOperator && !hasBegun && !promotion.isRollingBack ? [/** @type {Command} */ ('cancel')] : []),
  ];
}
