import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';

/**
 * X.509 certificates written by hand, so that TLS stand-ins need no `openssl` on the machine: Node can make keys and
 * signatures, but no certificates. Only what a loopback server needs (RFC 5280): P-256 keys, ECDSA with SHA-256.
 */

/** PEM texts of a key and its certificate */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

const OID = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  subjectKeyIdentifier: [0x55, 0x1d, 0x0e],
  keyUsage: [0x55, 0x1d, 0x0f],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  authorityKeyIdentifier: [0x55, 0x1d, 0x23],
  extendedKeyUsage: [0x55, 0x1d, 0x25],
  serverAuth: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
} as const;

const DAY_MS = 86_400_000;
/** a demo world may live for months, but no authority of a demo should live for ever */
const LIFE_DAYS = 365;

/** makes a certificate authority */
export function makeAuthority(commonName: string): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = nameOf(commonName);
  const certificate = certificateOf({
    subject: name,
    issuer: name,
    publicKey,
    signingKey: privateKey,
    extensions: [
      extension(OID.basicConstraints, sequence(boolean(true)), true),
      // keyCertSign, cRLSign
      extension(OID.keyUsage, der(0x03, [0x01, 0x06]), true),
      extension(OID.subjectKeyIdentifier, der(0x04, keyIdOf(publicKey))),
    ],
  });
  return { key: pemOfKey(privateKey), cert: certificate };
}

/**
 * makes a server certificate
 * @param hosts names for the server; `127.0.0.1` goes in as an address
 */
export function makeServerCertificate(
  authority: KeyAndCertificate,
  authorityName: string,
  hosts: readonly string[],
): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authorityKey = createPublicKey(authority.key);
  const alternatives = hosts.map((host) =>
    /^\d+\.\d+\.\d+\.\d+$/.test(host) ? der(0x87, host.split('.').map(Number)) : der(0x82, Buffer.from(host)),
  );
  const certificate = certificateOf({
    subject: nameOf(hosts[0] ?? 'localhost'),
    issuer: nameOf(authorityName),
    publicKey,
    signingKey: authority.key,
    extensions: [
      extension(OID.basicConstraints, sequence(), true),
      // digitalSignature
      extension(OID.keyUsage, der(0x03, [0x07, 0x80]), true),
      extension(OID.extendedKeyUsage, sequence(der(0x06, [...OID.serverAuth]))),
      extension(OID.subjectAltName, sequence(...alternatives)),
      extension(OID.subjectKeyIdentifier, der(0x04, keyIdOf(publicKey))),
      extension(OID.authorityKeyIdentifier, sequence(der(0x80, keyIdOf(authorityKey)))),
    ],
  });
  return { key: pemOfKey(privateKey), cert: certificate };
}

function certificateOf(parts: {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject | string;
  readonly extensions: readonly Buffer[];
}): string {
  const algorithm = sequence(der(0x06, [...OID.ecdsaWithSha256]));
  const now = Date.now();
  const body = sequence(
    der(0xa0, der(0x02, [0x02])),
    der(0x02, serialNumber()),
    algorithm,
    parts.issuer,
    sequence(time(now - DAY_MS), time(now + LIFE_DAYS * DAY_MS)),
    parts.subject,
    parts.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...parts.extensions)),
  );
  const signature = sign('sha256', body, parts.signingKey);
  const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** positive, as DER integers are signed */
function serialNumber(): Buffer {
  const number = randomBytes(16);
  number[0] = ((number[0] ?? 0) & 0x3f) | 0x40;
  return number;
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(der(0x06, [...OID.commonName]), der(0x0c, Buffer.from(commonName)))));
}

/** UTCTime, good until 2049 */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function extension(oid: readonly number[], value: Buffer, critical = false): Buffer {
  return sequence(der(0x06, [...oid]), ...(critical ? [boolean(true)] : []), der(0x04, value));
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20);
}

function pemOfKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function boolean(value: boolean): Buffer {
  return der(0x01, [value ? 0xff : 0]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

/** one DER element: tag, length, content */
function der(tag: number, content: Buffer | readonly number[]): Buffer {
  const bytes = Buffer.from(content);
  const length = bytes.length;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), bytes]);
}
