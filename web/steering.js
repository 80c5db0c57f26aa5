/** What operators, owners and who asked may do about a request: each button asks once more before it does anything. */
import { CallFailed, requestPath, send } from './api.js';
import { askAgain } from './confirm.js';
import { el, fill } from './dom.js';
import { count } from './words.js';

/**
 * @typedef {import('../src/api/schemas/requests.js').StatusBody} Status
 * @typedef {import('./session.js').Me} Me
 * @typedef {'rollback' | 'retry' | 'accept' | 'skip' | 'pause' | 'resume' | 'cancel' | 'revoke'} Command
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
  skip: {
    label: 'Give up what failed …',
    title: 'Give up what failed?',
    means:
      'What is done there stays as it is, and nothing more is done. The request goes on without it and can end. It stands in the ledger under your name.',
    yes: 'Yes, give it up',
    tone: 'reject',
  },
  pause: {
    label: 'Pause …',
    title: 'Pause the rollout?',
    means: 'Nothing more is started. What is in flight goes on to its end.',
    yes: 'Yes, pause it',
    tone: 'reject',
  },
  resume: {
    label: 'Go on …',
    title: 'Go on after the pause?',
    means: 'What has not been started yet is started, as the file of the request says.',
    yes: 'Yes, go on',
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
    means: 'What is in hand is finished, then it ends. What was made stays; what was merged stays merged.',
    yes: 'Yes, cancel it',
    tone: 'reject',
  },
  revoke: {
    label: 'Revoke …',
    title: 'Revoke the request?',
    means:
      'From this moment on nothing more is changed for it, whatever its workflow does. Use it when the request must not have been; otherwise cancel.',
    yes: 'Yes, revoke it',
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
    /** whether it was I who asked */
    this.isMine = false;
    /** @type {string[]} */
    this.failed = [];
  }

  /** @param {Status} status */
  draw(status) {
    this.failed = status.targets.flatMap(({ target, state }) => (state === 'failed' ? [target] : []));
    const commands = commandsFor(status, this.me, this.isMine);
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

  /**
   * The buttons beside one target that failed.
   * @param {Status} status
   * @param {string} target
   */
  beside(status, target) {
    const commands = commandsFor(status, this.me, this.isMine).filter(
      (command) => command === 'retry' || command === 'skip',
    );
    if (commands.length === 0) return null;
    return el(
      'div',
      { class: 'actions' },
      commands.map((command) =>
        el(
          'button',
          {
            type: 'button',
            class: 'button small',
            'aria-label': `${COMMANDS[command].label} ${target}`,
            onclick: () => this.ask(command, [target]),
          },
          COMMANDS[command].label,
        ),
      ),
    );
  }

  /**
   * @param {Command} command
   * @param {string[]} [targets] absent: all that failed
   */
  async ask(command, targets) {
    const { title, means, yes, tone } = COMMANDS[command];
    const about = targets ?? (command === 'skip' ? this.failed : []);
    const which =
      about.length === 0
        ? ''
        : ` It is about ${about.length > 3 ? count(about.length, 'target') : about.join(', ')}.`;
    if (!(await askAgain({ title, means: `${means}${which}`, yes, tone }))) return;
    try {
      const answer = await send(
        requestPath(this.requestId, command),
        about.length === 0 ? {} : { targets: about },
      );
      this.onAnswer('Gatehouse was told', answer?.message ?? 'It is recorded.', true);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      const { problem } = error;
      this.onAnswer(problem.title, `${problem.detail} ${problem.remedy}`, false);
    }
  }
}

/** What is in work or waits to be started, and can be paused. */
const UNDER_WAY = new Set(['running', 'attention']);

/**
 * @param {Status} status
 * @param {Me} me
 * @param {boolean} isMine
 * @returns {Command[]}
 */
function commandsFor(status, me, isMine) {
  const { promotion } = status;
  if (status.endedAt !== undefined) return [];
  const isOperator = me.roles.includes('operator');
  const failed = status.targets.flatMap(({ state, failure }) => (state === 'failed' ? [failure] : []));
  if (promotion === undefined) {
    return /** @type {Command[]} */ ([
      ...(isOperator && failed.length > 0 ? ['retry', 'skip'] : []),
      ...(isOperator && UNDER_WAY.has(status.status) ? ['pause'] : []),
      ...(isOperator && status.status === 'paused' ? ['resume'] : []),
      ...(isOperator || isMine ? ['cancel'] : []),
      ...(isOperator ? ['revoke'] : []),
    ]);
  }
  const isOwner = me.owns.includes(promotion.application);
  const hasBegun = promotion.places.some(({ step }) =>
    ['waiting', 'merging', 'delivering', 'checking', 'soaking', 'proven'].includes(step),
  );
  const isUnclear = failed.some((failure) => failure?.operation.includes('could not say') === true);
  return /** @type {Command[]} */ ([
    ...(isOperator && failed.length > 0 ? ['retry'] : []),
    ...(isOperator && isUnclear ? ['accept'] : []),
    ...((isOperator || isOwner) && hasBegun && !promotion.isRollingBack ? ['rollback'] : []),
    ...((isOperator || isMine) && !hasBegun && !promotion.isRollingBack ? ['cancel'] : []),
  ]);
}
