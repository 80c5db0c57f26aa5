/** How secrets look: names of members that hold one, and shapes of tokens in running text. */

/** What stands where a secret was. */
export const REDACTED = '[redacted]';

/** Ends of names, lower case and without separators, whose value is never shown. */
const SECRET_ENDINGS = [
  'authorization',
  'cookie',
  'password',
  'passwd',
  'passphrase',
  'secret',
  'token',
  'apikey',
  'privatekey',
  'credential',
  'credentials',
  'connectionstring',
  'databaseurl',
  'webhooksignature',
] as const;

/** Names that are secret as a whole: list of raw headers, private member of a JWK. */
const SECRET_NAMES = new Set(['rawheaders', 'jwk', 'd', 'pgpassword']);

/** True when a member of this name (a header, a field, a variable) is not to be shown. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '');
  return SECRET_NAMES.has(plain) || SECRET_ENDINGS.some((ending) => plain.endsWith(ending));
}

const NAME_IN_TEXT =
  '[a-z0-9_-]{0,40}(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key)';

/**
 * Shapes of secrets in text, and what to put in their place (`$1` keeps the first group). None of them takes a quote or a
 * backslash that is not its own, so that a line of JSON stays JSON. Prefixes are bounded, so that a long text without a
 * secret is searched in linear time.
 */
export const SECRET_SHAPES: readonly { readonly shape: RegExp; readonly instead: string }[] = [
  // PEM, with real or escaped line breaks
  {
    shape: /-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*?(?:-----END [A-Z ]*PRIVATE KEY-----|(?=")|$)/g,
    instead: REDACTED,
  },
  // header lines as HTTP libraries keep them
  {
    shape:
      /\b((?:proxy-)?authorization|(?:set-)?cookie|private-token|job-token|x-[a-z-]{0,40}(?:token|api-key)|webhook-signature)(["']?\s*[:=]\s*["']?)[^"'\\\r\n]+/gi,
    instead: `$1$2${REDACTED}`,
  },
  { shape: /\b(Bearer|Basic|Negotiate)\s+[A-Za-z0-9+/=._~-]{6,}/gi, instead: `$1 ${REDACTED}` },
  // JWT and JWE
  {
    shape: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){1,3}/g,
    instead: REDACTED,
  },
  // GitLab, Vault and OpenBao, GitHub, Standard Webhooks, Azure client secrets
  { shape: /\bgl[a-z]{2,6}-[A-Za-z0-9_.-]{16,}/g, instead: REDACTED },
  { shape: /\bhv[sbr]\.[A-Za-z0-9_-]{12,}/g, instead: REDACTED },
  { shape: /\b[sbr]\.(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}/g, instead: REDACTED },
  { shape: /\bgh[pousr]_[A-Za-z0-9]{20,}/g, instead: REDACTED },
  { shape: /\bwhsec_[A-Za-z0-9+/=_-]+/g, instead: REDACTED },
  { shape: /\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{25,}/g, instead: REDACTED },
  // user and password in a URL, parameters of a query or form
  { shape: /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'\\]+@/gi, instead: `$1${REDACTED}@` },
  {
    shape: new RegExp(`([?&](?:${NAME_IN_TEXT}|code|sig|signature)=)[^&\\s"'\\\\#]+`, 'gi'),
    instead: `$1${REDACTED}`,
  },
  // name=value in text
  { shape: new RegExp(`\\b(${NAME_IN_TEXT}=)[^&\\s"'\\\\,;]+`, 'gi'), instead: `$1${REDACTED}` },
  // a member of JSON, and one of JSON that is text inside of JSON
  {
    shape: new RegExp(`("${NAME_IN_TEXT}"\\s*:\\s*")(?:[^"\\\\]|\\\\.)+(?=")`, 'gi'),
    instead: `$1${REDACTED}`,
  },
  {
    shape: new RegExp(`(\\\\{1,8}"${NAME_IN_TEXT}\\\\{1,8}"\\s*:\\s*\\\\{1,8}")[^"\\\\]+`, 'gi'),
    instead: `$1${REDACTED}`,
  },
];
