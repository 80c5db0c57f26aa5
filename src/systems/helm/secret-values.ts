/** Values that charts may repeat in their errors and that nobody should read there. */
import { isScalar, parseDocument, visit } from 'yaml';
import { Secret } from '../secret.js';

const SECRET_KEY = /pass|secret|token|credential|key$|auth/i;

/** The texts below keys that sound like a secret; all texts when the file cannot be read. */
export function secretValuesIn(valuesText: string): readonly Secret[] {
  const found: Secret[] = [];
  try {
    const document = parseDocument(valuesText, { logLevel: 'silent' });
    visit(document, {
      Pair: (_, pair) => {
        if (!isScalar(pair.key) || !SECRET_KEY.test(String(pair.key.value))) return undefined;
        visit(document.createNode(pair.value), {
          Scalar: (__, scalar) => {
            if (typeof scalar.value === 'string' && scalar.value !== '') found.push(new Secret(scalar.value));
          },
        });
        return undefined;
      },
    });
  } catch {
    return valuesText
      .split(/\s+/)
      .filter((word) => word !== '')
      .map((word) => new Secret(word));
  }
  return found;
}
