/** `gatehouse whoami`: who the access token says that one is. */
import { EXIT, type ExitCode } from '../exit-code.js';
import { harmless } from '../output/text.js';
import { apiOf, type Session } from '../session.js';

export async function whoami(session: Session): Promise<ExitCode> {
  const api = apiOf(session);
  const me = await api.me();
  session.output.result(me, () => [
    `${harmless(me.name)}  ${me.kind} ${harmless(me.personId)}  at ${api.baseUrl}`,
    `roles  ${me.roles.length === 0 ? 'none' : me.roles.join(', ')}`,
    ...(me.owns.length === 0 ? [] : [`owns   ${me.owns.map(harmless).join(', ')}`]),
  ]);
  return EXIT.done;
}
