/** Values that charts may repeat in their errors and that nobody should read there. */
import { isScalar, parseDocument, visit } from 'yaml';
import { Secret } from '../secret.js';
import { mayNestTooDeep } from '../yaml-limits.js';

const SECRET_KEY = /pass|secret|token|credential|key$|auth/i;

/** The texts below keys that sound like a secret; all texts when the file cannot be read. */
export function secretValuesIn(valuesText: string): readonly Secret[] {
  const found: Secret[] = [];
  if (mayNestTooDeep(valuesText)) return wordsIn(valuesText);
  try {
    const document = parseDocument(valuesText, { logLevel: 'silent', uniqueKeys: false });
    visit(document, {
      Pair: (_, pair) => {
        if (!isScalar(pair.key) || !SECRET_KEY.test(String(pair.key.value))) return undefined;
        visit(document.createNode(pair.value), {
          Scalar: (place, scalar) => {
            if (place !== 'key' && typeof scalar.value === 'string' && scalar.value !== '')
              found.push(new Secret(scalar.value));
          },
        });
        return undefined;
      },
    });
  } catch {
    return wordsIn(valuesText);
  }
  return found;
}

function wordsIn(text: string): readonly Secret[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => new Secret(word));
}
