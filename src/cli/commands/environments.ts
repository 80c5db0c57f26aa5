/** `gatehouse environments`: what runs where, side by side. */
import { EXIT, type ExitCode } from '../exit-code.js';
import { columns } from '../output/text.js';
import { environmentLines } from '../promote/environment-lines.js';
import { apiOf, type Session } from '../session.js';

/** @param application undefined: all that may be seen */
export async function environments(session: Session, application: string | undefined): Promise<ExitCode> {
  const { output, now } = session;
  const api = apiOf(session);
  if (application === undefined) {
    const { applications } = await api.applications();
    output.result({ applications }, () =>
      applications.length === 0
        ? ['No applications that you may see.']
        : columns(applications.map((one) => [one.application, one.environments.join(' → '), one.owners])),
    );
    return EXIT.done;
  }
  const found = await api.environments(application);
  output.result(found, () => environmentLines(found, output.style, now()));
  return EXIT.done;
}
