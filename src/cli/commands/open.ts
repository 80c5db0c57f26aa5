/** `gatehouse open`: the page of a request in the browser of this machine. */
import { EXIT, type ExitCode } from '../exit-code.js';
import { openInBrowser } from '../output/browser.js';
import { apiOf, type Session } from '../session.js';

/** @param requestId absent: what waits for the caller */
export async function open(session: Session, requestId: string | undefined): Promise<ExitCode> {
  const api = apiOf(session);
  const address = requestId === undefined ? `${api.baseUrl}/` : (await api.status(requestId)).page;
  const opened = await openInBrowser(address, session.env);
  session.output.result({ address, opened }, () => [
    opened ? `Opened ${address}` : `No browser starts here. Open ${address}`,
  ]);
  return EXIT.done;
}
