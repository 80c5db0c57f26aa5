/** `gatehouse inbox`: gates that wait for my decision. */
import type { Inbox } from '../api/answers.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { day, duration } from '../output/duration.js';
import { columns, counted, harmless } from '../output/text.js';
import { apiOf, type Session } from '../session.js';

export async function inbox(session: Session): Promise<ExitCode> {
  const found = await apiOf(session).inbox();
  session.output.result(found, () => inboxLines(found, session.now()));
  return EXIT.done;
}

/** One row per gate, oldest first, and the command that shows one. */
export function inboxLines({ items }: Inbox, nowMs: number): readonly string[] {
  const [first] = items;
  if (first === undefined) return ['Nothing waits for you.'];
  const rows = items.map((item) => [
    item.requestId,
    item.gate,
    subjectOf(item),
    counted(item.targets, item.fleet === undefined ? 'place' : 'cluster'),
    item.ticket ?? '-',
    `open ${duration(nowMs - Date.parse(item.openedAt))}`,
    item.due === undefined ? '' : `due ${day(item.due)}`,
  ]);
  return [...columns(rows), `Read and decide: gatehouse approve ${first.requestId} --gate ${first.gate}`];
}

function subjectOf({ service, fleet, title }: Inbox['items'][number]): string {
  return harmless(service === undefined || fleet === undefined ? title : `${service}/${fleet}`);
}
