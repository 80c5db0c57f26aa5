/** Reads server-sent events (source: WHATWG HTML, section 9.2, as far as Gatehouse sends them). */

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Longer lines are no events of ours: a status of 1,000 clusters has about 300 kB. */
const MAX_BUFFER = 8 * 1024 * 1024;

/** Events of a body, as they come. Ends with the body; a half event at the end is dropped. */
export async function* eventsOf(
  body: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const chunk of body) {
    buffer += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const blocks = buffer.split(/\r?\n\r?\n/);
    buffer = blocks.pop() ?? '';
    if (buffer.length > MAX_BUFFER) throw new RangeError('an event is larger than any of Gatehouse');
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(block: string): ServerSentEvent | undefined {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') event = value ?? event;
    if (field === 'data') data.push(value ?? '');
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n') };
}
