/** Label selectors as an API server reads them (source: apimachinery, pkg/labels/selector.go). */

export type Labels = Readonly<Record<string, string>>;

/** True for labels that fit one part of a selector. */
type Requirement = (labels: Labels) => boolean;

const KEY = '(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?';
const VALUE = '(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?';
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);
const EQUALS = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*(${VALUE})$`);
const IN_SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const ONE_VALUE = new RegExp(`^${VALUE}$`);

/** @returns undefined for a selector that cannot be read */
export function labelSelector(text: string): Requirement | undefined {
  const terms = termsOf(text).map((term) => term.trim());
  if (terms.length === 1 && terms[0] === '') return () => true;
  const requirements = terms.map(requirementOf);
  const known = requirements.filter((requirement) => requirement !== undefined);
  if (known.length < requirements.length) return undefined;
  return (labels) => known.every((fits) => fits(labels));
}

/** Commas between terms; those in brackets part the values of a set. */
function termsOf(text: string): readonly string[] {
  const terms = [''];
  let depth = 0;
  for (const character of text) {
    if (character === ',' && depth === 0) {
      terms.push('');
      continue;
    }
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    terms[terms.length - 1] += character;
  }
  return terms;
}

function requirementOf(term: string): Requirement | undefined {
  const [, not, only] = EXISTS.exec(term) ?? [];
  if (only !== undefined) return (labels) => Object.hasOwn(labels, only) === (not === '');
  const [, key, operator, value] = EQUALS.exec(term) ?? [];
  if (key !== undefined) return (labels) => (labels[key] === value) === (operator !== '!=');
  const [, inKey, word, list = ''] = IN_SET.exec(term) ?? [];
  if (inKey === undefined) return undefined;
  const values = list.split(',').map((one) => one.trim());
  if (!values.every((one) => ONE_VALUE.test(one))) return undefined;
  return (labels) => {
    const have = labels[inKey];
    return (have !== undefined && values.includes(have)) === (word === 'in');
  };
}
