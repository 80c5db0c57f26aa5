import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loopbackTls } from '../../../sandbox/framework/loopback-tls.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-tls-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const HOSTS = ['localhost', '127.0.0.1', ...Array.from({ length: 25 }, (_, n) => `kv-${n}.localhost`)];

describe('certificates of a TLS stand-in', () => {
  it('name their hosts and are signed by the authority', () => {
    const { tls, caFile } = loopbackTls(folder, HOSTS);
    const authority = new X509Certificate(readFileSync(caFile));
    const server = new X509Certificate(tls.cert);
    expect(authority.ca).toBe(true);
    expect(server.ca).toBe(false);
    expect(server.verify(authority.publicKey)).toBe(true);
    expect(server.checkIssued(authority)).toBe(true);
    expect(server.checkHost('kv-24.localhost')).toBe('kv-24.localhost');
    expect(server.checkHost('kv-25.localhost')).toBeUndefined();
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
  });

  it('keep the authority over a restart, its key to the owner', () => {
    const first = loopbackTls(folder, HOSTS);
    const before = readFileSync(first.caFile, 'utf8');
    const second = loopbackTls(folder, [...HOSTS, 'kv-new.localhost']);
    expect(readFileSync(second.caFile, 'utf8')).toBe(before);
    expect(new X509Certificate(second.tls.cert).checkHost('kv-new.localhost')).toBe('kv-new.localhost');
    expect(statSync(path.join(folder, 'ca-key.pem')).mode & 0o077).toBe(0);
  });

  it('differ from those of another folder', () => {
    const other = path.join(folder, '..', `${path.basename(folder)}-other`);
    const mine = loopbackTls(folder, HOSTS);
    const stranger = mkdtempSync(`${other}-`);
    const theirs = loopbackTls(stranger, HOSTS);
    const authority = new X509Certificate(readFileSync(theirs.caFile));
    expect(new X509Certificate(mine.tls.cert).verify(authority.publicKey)).toBe(false);
    rmSync(stranger, { recursive: true });
  });
});
