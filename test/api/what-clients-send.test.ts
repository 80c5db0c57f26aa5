import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askBody, EVIDENCE, Gatehouse } from './gatehouse.js';

/** Sends bytes as they are. @returns what came back until the other side said that it is all */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  socket.write(bytes);
  let received = '';
  for await (const part of socket) {
    received += String(part);
    // an answer of a route leaves the connection open
    if (received.endsWith('}')) break;
  }
  socket.destroy();
  return received;
}

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());

describe('a text that no store could keep', () => {
  it('is told with its place, wherever it stands, and nothing is done', async () => {
    const id = await gatehouse.ask('texts');
    const shown = await gatehouse.plan(id);
    const decision = { decision: 'approve', ...shown, evidence: EVIDENCE };
    const decide = `/v1/requests/${id}/gates/procurement/decisions`;
    const cases: readonly (readonly [string, () => ReturnType<Gatehouse['as']>])[] = [
      ['body.reason', () => gatehouse.as('ada', 'POST', '/v1/requests', { ...askBody('n'), reason: 'x\0y' })],
      [
        'body.reason',
        () => gatehouse.as('ada', 'POST', '/v1/requests', { ...askBody('n'), reason: 'cut \ud83d' }),
      ],
      ['body.comment', () => gatehouse.as('ben', 'POST', decide, { ...decision, comment: 'pasted\0' })],
      [
        'body.evidence.contractNumber',
        () =>
          gatehouse.as('ben', 'POST', decide, {
            ...decision,
            evidence: { ...EVIDENCE, contractNumber: 'C-\0' },
          }),
      ],
      ['params.requestId', () => gatehouse.as('ada', 'GET', '/v1/requests/req%00')],
      ['querystring.workflowId', () => gatehouse.as('ada', 'GET', '/v1/requests?workflowId=a%00')],
    ];
    for (const [place, call] of cases) {
      const answer = await call();
      expect([place, answer.status, answer.at('faults.place')]).toEqual([place, 400, [place]]);
    }
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
  });

  it('is told with its line when a manifest writes it as an escape', async () => {
    const { manifest, ...rest } = askBody('escaped');
    const answer = await gatehouse.as('ada', 'POST', '/v1/requests', {
      ...rest,
      manifest: manifest.replace('{name: escaped}', '{name: "escaped\\0"}'),
    });
    expect([answer.status, answer.text('faults.0.message')]).toEqual([
      422,
      'metadata.name: must hold no NUL and no half of a character',
    ]);
  });
});

describe('an address', () => {
  it('that is not percent-encoded text is refused like everything else', async () => {
    const answer = await gatehouse.as('ada', 'GET', '/v1/requests/%E0%A4%A');
    expect([answer.status, answer.text('type'), answer.at('faults.place')]).toEqual([
      400,
      'urn:gatehouse:problem:malformed',
      ['path'],
    ]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it('that does not know the method says which it knows', async () => {
    const wrong = await gatehouse.call({ method: 'DELETE', url: '/v1/requests/req-1?x=1' });
    expect([wrong.status, wrong.headers.allow, wrong.text('remedy')]).toEqual([
      405,
      'GET, HEAD',
      'Use GET or HEAD.',
    ]);
    const nowhere = await gatehouse.call({ method: 'DELETE', url: '/v1/requestz' });
    expect([nowhere.status, nowhere.headers.allow]).toEqual([404, undefined]);
  });
});

describe('a call that ends before any route', () => {
  it('is refused like everything else: an id beyond bounds, headers beyond bounds, what is no HTTP', async () => {
    const { port } = new URL(await gatehouse.app.listen({ host: '127.0.0.1', port: 0 }));
    const cases = [
      [414, 'address-too-long', `GET /v1/requests/${'x'.repeat(200)} HTTP/1.1\r\nhost: a\r\n\r\n`],
      [431, 'headers-too-large', `GET /healthz HTTP/1.1\r\nhost: a\r\ncookie: ${'x'.repeat(20_000)}\r\n\r\n`],
      [400, 'malformed', 'HELLO\r\n\r\n'],
    ] as const;
    for (const [status, problem, sent] of cases) {
      const [head = '', body = ''] = (await exchange(Number(port), sent)).split('\r\n\r\n');
      expect(head).toContain(`HTTP/1.1 ${status} `);
      expect(head).toContain('content-type: application/problem+json');
      expect(head).toContain('x-content-type-options: nosniff');
      expect(head).toContain('strict-transport-security: ');
      expect(JSON.parse(body)).toMatchObject({ status, type: `urn:gatehouse:problem:${problem}` });
    }
  });
});

describe('a value that is none of those that would do', () => {
  it('is told with those that would', async () => {
    const kind = await gatehouse.as('ada', 'POST', '/v1/requests', { ...askBody(), kind: 'Fleeet' });
    expect(kind.at('faults.message')).toContain('must be "Fleet"');
    const id = await gatehouse.ask('values');
    const decision = await gatehouse.as('ben', 'POST', `/v1/requests/${id}/gates/procurement/decisions`, {
      decision: 'maybe',
      ...(await gatehouse.plan(id)),
      evidence: EVIDENCE,
    });
    expect(decision.at('faults.message')).toContain('must be one of "approve", "reject"');
  });
});
