import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type KeyAndCertificate, makeAuthority, makeServerCertificate } from './certificates.js';

const AUTHORITY = 'Gatehouse sandbox authority';
/** an authority that would end sooner is made anew */
const MARGIN_MS = 30 * 86_400_000;

/**
 * A server certificate for a TLS stand-in, signed by an authority made at first start and kept in the stand-in's folder:
 * clients that trust its file trust the stand-in after a restart too.
 */
export function loopbackTls(
  folder: string,
  hosts: readonly string[],
): { readonly tls: KeyAndCertificate; readonly caFile: string } {
  const caFile = path.join(folder, 'ca.pem');
  const keyFile = path.join(folder, 'ca-key.pem');
  const authority = keptAuthority(caFile, keyFile) ?? makeAuthority(AUTHORITY);
  writeFileSync(keyFile, authority.key, { mode: 0o600 });
  writeFileSync(caFile, authority.cert);
  return { tls: makeServerCertificate(authority, AUTHORITY, hosts), caFile };
}

function keptAuthority(caFile: string, keyFile: string): KeyAndCertificate | null {
  if (!existsSync(caFile) || !existsSync(keyFile)) return null;
  const cert = readFileSync(caFile, 'utf8');
  if (Date.parse(new X509Certificate(cert).validTo) < Date.now() + MARGIN_MS) return null;
  return { key: readFileSync(keyFile, 'utf8'), cert };
}
