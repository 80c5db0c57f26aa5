/** Signatures, keys, webhooks, payloads of Temporal, redaction. */
import type { Mutant } from './mutant.js';

const ATTESTATION = 'src/security/attestation.ts';
const ATTESTATION_TESTS = ['test/security/attestation.test.ts'];
const WEBHOOK = 'src/security/webhook.ts';
const WEBHOOK_TESTS = ['test/security/webhook.test.ts'];
const REDACTION = 'src/security/redaction.ts';
const REDACTION_TESTS = ['test/security/redaction.test.ts'];

export const SECURITY_MUTANTS: readonly Mutant[] = [
  {
    name: 'use-of-a-key',
    breaks: 'a key for requests signs decisions',
    file: ATTESTATION,
    find: 'if (key === undefined || key.use !== kind.use) {',
    replace: 'if (key === undefined) {',
    tests: ATTESTATION_TESTS,
  },
  {
    name: 'type-of-an-envelope',
    breaks: 'an envelope of one type passes for another',
    file: ATTESTATION,
    find: 'if (typ !== kind.typ)',
    replace: 'if (typ === undefined)',
    tests: ATTESTATION_TESTS,
  },
  {
    name: 'more-headers',
    breaks: 'an envelope brings the key that it is verified with',
    file: ATTESTATION,
    find: 'if (Object.keys(header).length !== 3) {',
    replace: 'if (Object.keys(header).length < 3) {',
    tests: ATTESTATION_TESTS,
  },
  {
    name: 'revoked-key',
    breaks: 'a decision that is signed with a revoked key counts',
    file: ATTESTATION,
    find: 'if (key.revokedAt === undefined) return;',
    replace: 'if (key.revokedAt !== null) return;',
    tests: ATTESTATION_TESTS,
  },
  {
    name: 'earlier-revocation-wins',
    breaks: 'a revocation is moved to a later time',
    file: 'src/security/keyring.ts',
    find: 'known.sort((a, b) => Date.parse(a) - Date.parse(b))',
    replace: 'known.sort((a, b) => Date.parse(b) - Date.parse(a))',
    tests: ATTESTATION_TESTS,
  },
  {
    name: 'webhook-too-old',
    breaks: 'a webhook is sent again for ever',
    file: WEBHOOK,
    find: 'if (age > WEBHOOK_TOLERANCE_SECONDS) {',
    replace: 'if (age > WEBHOOK_TOLERANCE_SECONDS * 1000) {',
    tests: WEBHOOK_TESTS,
  },
  {
    name: 'webhook-signature',
    breaks: 'a webhook of anybody is taken',
    file: WEBHOOK,
    find: '  if (!right)',
    replace: '  if (!right && given.length > 99)',
    tests: WEBHOOK_TESTS,
  },
  {
    name: 'payload-of-another-workflow',
    breaks: 'a payload that is pasted into another workflow is read there',
    file: 'src/security/payload-codec.ts',
    find: "const expected = this.options.binding === 'payload' ? undefined : context?.workflowId;",
    replace: 'const expected = context === undefined ? undefined : undefined;',
    tests: ['test/security/payload-codec.test.ts'],
  },
  {
    name: 'secrets-by-value',
    breaks: 'a secret that this process has read stands in the log',
    file: REDACTION,
    find: 'for (const secret of this.known) clean = clean.replaceAll(secret, REDACTED);',
    replace: '',
    tests: REDACTION_TESTS,
  },
  {
    name: 'secrets-in-hex',
    breaks: 'a secret stands in the log in hexadecimal digits',
    file: REDACTION,
    find: "      bytes.toString('hex'),\n",
    replace: '',
    tests: REDACTION_TESTS,
  },
  {
    name: 'secrets-by-name',
    breaks: 'what a member called password holds stands in the log',
    file: REDACTION,
    find: 'const hidden = isSecretName(name) && holdsText(member);',
    replace: 'const hidden = isSecretName(name) && member === null;',
    tests: REDACTION_TESTS,
  },
  {
    name: 'secrets-by-shape',
    breaks: 'a token that nobody has told us of stands in the log',
    file: REDACTION,
    find: 'for (const { shape, instead } of SECRET_SHAPES) clean = clean.replace(shape, instead);',
    replace: '',
    tests: REDACTION_TESTS,
  },
];
