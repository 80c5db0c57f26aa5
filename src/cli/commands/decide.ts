/** `gatehouse approve` and `reject`: shows what is asked, asks for a clear yes, and sends what was shown. */
import type { Gate } from '../api/answers.js';
import type { ApiClient } from '../api/api-client.js';
import { CliError } from '../cli-error.js';
import { evidenceOf, refuseOtherEvidence } from '../decide/evidence.js';
import { gateLines } from '../decide/render-gate.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { agrees, ask } from '../output/question.js';
import { counted, harmless } from '../output/text.js';
import { apiOf, type Session } from '../session.js';

export interface DecideOptions {
  /** absent: the one that is open for the caller */
  readonly gate?: string;
  /** `name=value` each */
  readonly evidence: readonly string[];
  readonly comment?: string;
  /** a program has read the plan: no question */
  readonly yes?: boolean;
  /** the digest of the plan that was read before; another one is refused */
  readonly plan?: string;
}

export async function decide(
  session: Session,
  decision: 'approve' | 'reject',
  requestId: string,
  options: DecideOptions,
): Promise<ExitCode> {
  const { output } = session;
  const api = apiOf(session);
  const gate = await gateFor(api, requestId, options.gate);
  if (options.yes !== true) {
    if (!output.canAsk) {
      throw new CliError(
        `To ${decision} without a question, --yes is needed: nobody is at the terminal.`,
        `Read what is asked first: gatehouse status ${requestId}`,
      );
    }
    output.lines(gateLines(gate, output.style, session.now()));
  }
  refuseOtherPlan(gate, options.plan);
  if (!gate.mine.mayDecide) {
    throw new CliError(
      `You cannot decide at the gate ${gate.gate} of ${requestId}: ${gate.mine.why ?? gate.state}`,
      `Who can: group ${gate.policy.group}. See gatehouse status ${requestId}`,
    );
  }
  const evidence = await evidenceFor(session, decision, gate, options);
  if (options.yes !== true && !(await agrees(output, questionOf(decision, gate)))) {
    output.aside('Nothing was sent.');
    return EXIT.error;
  }
  const recorded = await api.decide(requestId, gate.gate, {
    decision,
    epoch: gate.epoch,
    planDigest: gate.planDigest,
    evidence,
    ...(options.comment === undefined ? {} : { comment: options.comment }),
  });
  const word = recorded.decision === 'approve' ? output.style.good('Approved') : output.style.bad('Rejected');
  output.result({ ...recorded, planDigest: gate.planDigest }, () => [
    `${word}: ${requestId}, gate ${recorded.gate}, epoch ${recorded.epoch}. Entry ${recorded.seq} of the ledger.`,
  ]);
  return EXIT.done;
}

/** @throws CliError when none is open for the caller, or several are */
async function gateFor(api: ApiClient, requestId: string, named: string | undefined): Promise<Gate> {
  if (named !== undefined) return api.gate(requestId, named);
  const { gates } = await api.status(requestId);
  const open = gates.filter(({ state }) => state === 'open').map(({ gate }) => gate);
  const shown = await Promise.all(open.map((gate) => api.gate(requestId, gate)));
  const mine = shown.filter((gate) => gate.mine.mayDecide);
  const [only, second] = mine.length === 0 ? shown : mine;
  if (only !== undefined && second === undefined) return only;
  throw only === undefined
    ? new CliError(`No gate of ${requestId} is open.`, `See gatehouse status ${requestId}`)
    : new CliError(
        `Several gates of ${requestId} are open: ${open.join(', ')}.`,
        `Say which, e.g. --gate ${open[0]}.`,
      );
}

function refuseOtherPlan(gate: Gate, expected: string | undefined): void {
  if (expected === undefined || gate.planDigest === expected) return;
  throw new CliError(
    `What is asked has changed: the plan is ${gate.planDigest}, not ${expected}.`,
    'Read it again, then decide on that.',
  );
}

/** A no needs no evidence. For a yes, what is missing is asked for where somebody can answer. */
async function evidenceFor(
  session: Session,
  decision: 'approve' | 'reject',
  gate: Gate,
  options: DecideOptions,
): Promise<Readonly<Record<string, string>>> {
  const given = evidenceOf(options.evidence);
  if (decision === 'reject') return given;
  const answers: Record<string, string> = { ...given };
  if (options.yes !== true) {
    for (const { name, label, rule } of gate.evidence) {
      answers[name] ??= await ask(session.output, `${label} (${rule}): `);
    }
  }
  refuseOtherEvidence(answers, gate.evidence, gate.gate);
  return answers;
}

function questionOf(decision: 'approve' | 'reject', gate: Gate): string {
  const { targets, promotion } = gate.plan;
  const what =
    promotion === undefined
      ? counted(targets.length, 'cluster')
      : `${harmless(gate.asked.title)}, ${counted(promotion.places.length, 'place')}`;
  return `${decision === 'approve' ? 'Approve' : 'Reject'} this for ${what} at the gate ${gate.gate}?`;
}
