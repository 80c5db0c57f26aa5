/** Reading of a mail as it came over the wire, as far as tests and the demo look into it (RFC 5322, 2045, 2047). */

export interface ReadMessage {
  readonly subject: string;
  /** header names in lower case; the last of several wins */
  readonly headers: Readonly<Record<string, string>>;
  /** text of the plain part, decoded */
  readonly text: string;
}

function decode(content: string, encoding: string, charset = 'utf-8'): string {
  const decoder = new TextDecoder(/^(utf-8|us-ascii|iso-8859-1)$/i.test(charset) ? charset : 'utf-8');
  if (encoding.toLowerCase() === 'base64') return decoder.decode(Buffer.from(content, 'base64'));
  if (encoding.toLowerCase() !== 'quoted-printable') return content;
  const bytes = content
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decoder.decode(Buffer.from(bytes, 'latin1'));
}

/** `=?UTF-8?Q?J=C3=A4ger?=` to `Jäger`. */
function decodeWords(text: string): string {
  return text
    .replaceAll(/(\?=)\s+(=\?)/g, '$1$2')
    .replaceAll(/=\?([^?]+)\?([QqBb])\?([^?]*)\?=/g, (_all, charset: string, kind: string, word: string) =>
      kind.toUpperCase() === 'B'
        ? decode(word, 'base64', charset)
        : decode(word.replaceAll('_', ' '), 'quoted-printable', charset),
    );
}

function split(raw: string): { readonly headers: Record<string, string>; readonly body: string } {
  const end = raw.search(/\r?\n\r?\n/);
  const head = end < 0 ? raw : raw.slice(0, end);
  const body = end < 0 ? '' : raw.slice(end).replace(/^(\r?\n){2}/, '');
  const headers: Record<string, string> = {};
  for (const line of head.replaceAll(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = decodeWords(line.slice(colon + 1).trim());
  }
  return { headers, body };
}

/** The text of the first plain part, however deep it is. */
function textOf(headers: Readonly<Record<string, string>>, body: string): string {
  const type = headers['content-type'] ?? 'text/plain';
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (/^multipart\//i.test(type) && boundary !== undefined) {
    for (const part of body.split(`--${boundary}`).slice(1)) {
      const inner = split(part.replace(/^\r?\n/, ''));
      const text = textOf(inner.headers, inner.body);
      if (text !== '') return text;
    }
    return '';
  }
  if (!/^text\/plain/i.test(type)) return '';
  const charset = /charset="?([^";]+)"?/i.exec(type)?.[1];
  return decode(body, headers['content-transfer-encoding'] ?? '7bit', charset)
    .replaceAll('\r\n', '\n')
    .trimEnd();
}

export function readMessage(raw: string): ReadMessage {
  const { headers, body } = split(raw);
  return { subject: headers.subject ?? '', headers, text: textOf(headers, body) };
}
