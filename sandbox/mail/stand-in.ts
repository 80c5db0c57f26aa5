import net from 'node:net';
import Type, { type Static } from 'typebox';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { StandIn } from '../framework/stand-in.js';
import { type ReadMessage, readMessage } from './message.js';
import { type Envelope, SmtpSession } from './smtp-session.js';

const Mail = Type.Object({
  at: Type.String(),
  from: Type.String(),
  to: Type.Array(Type.String()),
  subject: Type.String(),
  text: Type.String(),
  headers: Type.Record(Type.String(), Type.String()),
  raw: Type.String(),
});
type Mail = Static<typeof Mail>;

const MailState = Type.Object({
  mails: Type.Array(Mail),
  /** port of the SMTP side, taken again after a restart */
  smtpPort: Type.Integer(),
});

const MailSettings = Type.Object(
  {
    /** recipients (whole addresses, lower case) that are refused for good, 550 */
    unknown: Type.Array(Type.String()),
    /** recipients (whole addresses, lower case) that are refused for now, 451 */
    greylisted: Type.Array(Type.String()),
    /** every recipient is refused for now, 451 */
    busy: Type.Boolean(),
    /** connections are closed without a greeting */
    down: Type.Boolean(),
  },
  { additionalProperties: false },
);

/** A line longer than this is no mail but an attack on the memory. */
const MAX_LINE = 64 * 1024;

/**
 * A mail server that keeps what it gets and delivers nothing. SMTP is on a port of its own (`mailSmtp` of the port file,
 * `smtp://127.0.0.1:port`); `GET /_sandbox/mails` shows the mails, oldest first. Events and faults name a mail's sending
 * `send mail` and its caller by the Message-ID. Settings: `unknown`, `greylisted`, `busy`,
 * `down`.
 */
export async function startMail(context: StandInContext): Promise<RunningStandIn> {
  const standIn = new StandIn({
    system: 'mail',
    folder: context.folder,
    state: { schema: MailState, initial: () => ({ mails: [], smtpPort: 0 }) },
    settings: { schema: MailSettings, defaults: { unknown: [], greylisted: [], busy: false, down: false } },
    errorBody: (refusal) => ({ message: refusal.message }),
  });
  standIn.control('GET', '/mails', Type.Object({}), async () => standIn.state.mails);

  /** False: say nothing more to the sender. */
  const take = ({ from, to }: Envelope, raw: string, gone: AbortSignal): Promise<boolean> => {
    const message = readMessage(raw);
    const caller = message.headers['message-id'] ?? '';
    return standIn.exchange({ method: 'DATA', path: '/', operation: 'send mail', caller }, gone, () =>
      keep(from, to, message, raw),
    );
  };
  const keep = async (
    from: string,
    to: readonly string[],
    { subject, text, headers }: ReadMessage,
    raw: string,
  ): Promise<void> => {
    const mail: Mail = {
      at: new Date().toISOString(),
      from,
      to: [...to],
      subject,
      text,
      headers: { ...headers },
      raw,
    };
    await standIn.act('created', `mail to ${to.join(', ')}: ${subject}`, () =>
      standIn.state.mails.push(mail),
    );
  };
  const checkRecipient = (address: string): string | null => {
    if (standIn.settings.busy || standIn.settings.greylisted.includes(address.toLowerCase()))
      return '451 4.3.0 Try again later';
    return standIn.settings.unknown.includes(address.toLowerCase()) ? '550 5.1.1 No such user here' : null;
  };
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    if (standIn.settings.down) return void socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    talk(socket, new SmtpSession(checkRecipient), take);
    return undefined;
  });
  const smtpPort = await listen(server, standIn.state.smtpPort);
  if (standIn.state.smtpPort !== smtpPort) {
    await standIn.act('changed', 'port of the mail server', () => {
      standIn.state.smtpPort = smtpPort;
    });
  }
  const origin = await standIn.listen(context.port);
  return {
    origin,
    extra: { mailSmtp: `smtp://127.0.0.1:${smtpPort}` },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await standIn.close();
    },
  };
}

/** Listens on the port of before, or on a free one when somebody else has it now. */
async function listen(server: net.Server, wanted: number): Promise<number> {
  const attempt = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port }, () => {
        server.off('error', reject);
        const address = server.address();
        resolve(address === null || typeof address === 'string' ? 0 : address.port);
      });
    });
  if (wanted === 0) return attempt(0);
  return attempt(wanted).catch(() => attempt(0));
}

/** Carries lines to the session and its replies back, one after the other also when the sender pipelines. */
function talk(
  socket: net.Socket,
  session: SmtpSession,
  take: (envelope: Envelope, raw: string, gone: AbortSignal) => Promise<boolean>,
): void {
  const gone = new AbortController();
  socket.on('close', () => gone.abort());
  let rest = '';
  let work = Promise.resolve();
  const handle = async (line: string): Promise<void> => {
    const step = session.line(line);
    switch (step.kind) {
      case 'reply':
        socket.write(`${step.text}\r\n`);
        break;
      case 'close':
        socket.end(`${step.text}\r\n`);
        break;
      case 'message':
        if (await take(step.envelope, step.data, gone.signal)) socket.write('250 2.0.0 Ok: queued\r\n');
        else socket.destroy();
        break;
      case 'wait':
        break;
    }
  };
  socket.setEncoding('utf8');
  // a sender that goes away ends the talk, nothing more
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const lines = `${rest}${String(chunk)}`.split('\r\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) return void socket.destroy();
    for (const line of lines) work = work.then(() => handle(line)).catch(() => void socket.destroy());
    return undefined;
  });
  socket.write('220 mail.example.com ESMTP\r\n');
}
