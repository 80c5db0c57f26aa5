/** `gatehouse revoke`: from its entry in the ledger on no effect is made for the request. */
import { CliError } from '../cli-error.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { agrees } from '../output/question.js';
import { harmless } from '../output/text.js';
import { apiOf, type Session } from '../session.js';

export async function revoke(
  session: Session,
  requestId: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<ExitCode> {
  const { output } = session;
  if (!yes) {
    if (!output.canAsk) {
      throw new CliError(
        'To revoke without a question, --yes is needed: nobody is at the terminal.',
        `Read what it does first: gatehouse status ${requestId}`,
      );
    }
    if (!(await agrees(output, `Revoke ${requestId}? It cannot be taken back.`))) {
      output.aside('Nothing was sent.');
      return EXIT.error;
    }
  }
  const { message } = await apiOf(session).revoke(requestId);
  output.result({ requestId, message }, () => [`${requestId}  ${harmless(message)}`]);
  return EXIT.done;
}
