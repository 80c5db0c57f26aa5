import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gatehouse } from '../api/gatehouse.js';

const WEB = new URL('../../web/', import.meta.url);

let gatehouse: Gatehouse;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());

const get = (url: string, headers: Record<string, string> = {}) =>
  gatehouse.call({ method: 'GET', url, headers });

describe('the files of the page', () => {
  it('are for anybody, of their kind, and under a policy that lets nothing else in', async () => {
    for (const [url, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/r/req-unknown', 'text/html; charset=utf-8'],
      ['/page/request.js', 'text/javascript; charset=utf-8'],
      ['/page/style.css', 'text/css; charset=utf-8'],
      ['/page/icon.svg', 'image/svg+xml'],
    ] as const) {
      const answer = await get(url);
      expect([url, answer.status, answer.headers['content-type']]).toEqual([url, 200, type]);
      const policy = String(answer.headers['content-security-policy']);
      for (const rule of [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "trusted-types 'none'",
      ]) {
        expect(policy).toContain(rule);
      }
      expect(policy).not.toContain('unsafe');
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  it('are not sent again while they are the same', async () => {
    const first = await get('/page/dom.js');
    const etag = String(first.headers.etag);
    const second = await get('/page/dom.js', { 'if-none-match': etag });
    expect([second.status, second.raw]).toEqual([304, '']);
    expect((await get('/page/dom.js', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('are those of the folder and no others', async () => {
    for (const url of [
      '/page/tsconfig.json',
      '/page/inbox.html',
      '/page/',
      '/page/../package.json',
      '/page/..%2fpackage.json',
      '/page/%2e%2e/package.json',
      '/page/..%5cpackage.json',
      '/page//etc/passwd',
      '/web/request.js',
    ]) {
      expect([url, (await get(url)).status]).toEqual([url, 404]);
    }
    // an address that is none
    expect((await get('/page/style.css%00.js')).status).toBe(400);
  });

  it('hold no script or style in the markup, and load nothing from elsewhere', () => {
    for (const name of readdirSync(WEB)) {
      const text = readFileSync(new URL(name, WEB), 'utf8');
      if (name.endsWith('.html')) {
        expect([name, text.match(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/gi)]).toEqual([name, null]);
        expect([name, text.match(/(?:src|href)="(?!\/|#main)/g)]).toEqual([name, null]);
      }
      if (name.endsWith('.css')) expect([name, text.match(/url\(|@import/g)]).toEqual([name, null]);
      if (name.endsWith('.js')) {
        expect([
          name,
          text.match(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/g),
        ]).toEqual([name, null]);
        // a decision never comes from a link
        expect([name, text.match(/location\.(?:search|hash|href)|document\.(?:URL|referrer)/g)]).toEqual([
          name,
          null,
        ]);
      }
    }
  });

  it('are known to the server by every name that they call each other', async () => {
    const names = readdirSync(WEB).filter((name) => /\.(?:html|js)$/.test(name));
    const wanted = names.flatMap((name) => {
      const text = readFileSync(new URL(name, WEB), 'utf8');
      return name.endsWith('.js')
        ? [...text.matchAll(/from '\.\/([^']+)'/g)].map((match) => `/page/${match[1]}`)
        : [...text.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)].map((match) => match[1] ?? '');
    });
    expect(wanted.length).toBeGreaterThan(10);
    for (const url of new Set(wanted)) expect([url, (await get(url)).status]).toEqual([url, 200]);
  });
});

describe('decisions of a request', () => {
  it('are told with evidence and words to those who may see it', async () => {
    const id = await gatehouse.ask('told');
    const { epoch, planDigest } = await gatehouse.plan(id);
    const none = await gatehouse.as('chi', 'GET', `/v1/requests/${id}/decisions`);
    expect(none.body).toEqual({ decisions: [] });
    await gatehouse.as('ben', 'POST', `/v1/requests/${id}/gates/procurement/decisions`, {
      decision: 'approve',
      epoch,
      planDigest,
      evidence: { contractNumber: 'C-1', licences: '2', validUntil: '2099-12-31' },
      comment: 'Budget is there',
    });
    const told = await gatehouse.as('chi', 'GET', `/v1/requests/${id}/decisions`);
    expect(told.at('decisions')).toEqual([
      expect.objectContaining({
        gate: 'procurement',
        decision: 'approve',
        personId: 'p-ben',
        holds: true,
        evidence: { contractNumber: 'C-1', licences: '2', validUntil: '2099-12-31' },
        comment: 'Budget is there',
      }),
    ]);
    expect((await gatehouse.as('stranger', 'GET', `/v1/requests/${id}/decisions`)).status).toBe(404);
    expect((await gatehouse.call({ method: 'GET', url: `/v1/requests/${id}/decisions` })).status).toBe(401);
  });
});
