/** Everything that reads what comes from outside, each with the inputs that could make it slow. */
import { faultOfInput } from '../../src/activities/inputs.js';
import { addressesIn, withReferences } from '../../src/domain/personal-text.js';
import { ManifestError } from '../../src/manifests/fault.js';
import { PathSchema } from '../../src/manifests/path-schema.js';
import { readOneRequest } from '../../src/manifests/read.js';
import { EMAIL_PATTERN, FleetSchema, InventorySchema, PolicySchema } from '../../src/manifests/schema.js';
import { Scrubber } from '../../src/security/redaction.js';
import { quote } from '../../src/systems/http/trouble.js';
import { expandsTooMuch, mayNestTooDeep } from '../../src/systems/yaml-limits.js';

export interface InputCase {
  readonly name: string;
  /** characters, or items, of the smaller input */
  readonly size: number;
  /** prepares an input of a size, which is no part of what is measured */
  readonly prepare: (size: number) => () => void;
}

const lines = (size: number, line: (index: number) => string): string =>
  Array.from({ length: size }, (_, index) => line(index)).join('\n');

/** Texts of `size` parts that parsers of YAML have trouble with. */
const YAML_TEXTS: Readonly<Record<string, readonly [number, (size: number) => string]>> = {
  'distinct keys': [10_000, (size) => lines(size, (index) => `k${index.toString(36)}: 1`)],
  'keys that are numbers': [10_000, (size) => lines(size, (index) => `${index}: 1`)],
  'the same key': [10_000, (size) => lines(size, () => 'k: 1')],
  'a flow map': [
    10_000,
    (size) => `{${Array.from({ length: size }, (_, index) => `a${index.toString(36)}: 1`).join(',')}}`,
  ],
  'a flow list': [40_000, (size) => `[${Array.from({ length: size }, () => '1').join(',')}]`],
  anchors: [5_000, (size) => lines(size, (index) => `- &a${index} x`)],
  'anchors and aliases': [2_500, (size) => lines(size, (index) => `- &a${index} x\n- *a${index}`)],
  tags: [10_000, (size) => '- !a b\n'.repeat(size)],
  'faults without end': [10_000, (size) => '? x\n'.repeat(size)],
  'a long scalar': [200_000, (size) => `a: ${'x'.repeat(size)}`],
  'a folded scalar': [50_000, (size) => `a: >\n${' x\n'.repeat(size)}`],
  comments: [50_000, (size) => '#\n'.repeat(size)],
  documents: [10_000, (size) => '---\n'.repeat(size)],
  escapes: [30_000, (size) => `a: "${'\\x41'.repeat(size)}"`],
  spaces: [100_000, (size) => `a:${' '.repeat(size)}b`],
  'unknown fields of a fleet': [
    5_000,
    (size) =>
      `apiVersion: gatehouse/v1\nkind: Fleet\nmetadata: {name: a}\nspec:\n${lines(size, (index) => `  k${index.toString(36)}: 1`)}`,
  ],
  'clusters of a fleet with faults': [
    1_000,
    (size) =>
      `apiVersion: gatehouse/v1\nkind: Fleet\nmetadata: {name: a}\nspec:\n  service: a\n  clusters:\n${lines(size, (index) => `  - {name: "X${index}", stage: 1}`)}`,
  ],
};

/** Pieces that patterns are made of; a pattern that goes back over them again and again shows it on one. */
const PUMPS = [
  'a',
  'A',
  '1',
  '-',
  '.',
  '/',
  ' ',
  '@',
  ':',
  '{',
  'a.',
  'a-',
  'a/',
  'a@',
  '-eyJaaaaa',
  'glaa-',
  '"a"',
  '\\',
  '\\"',
  '://',
  'a://a',
  '-----BEGIN ',
  'token=',
  '"token":"',
  'Bearer ',
  'cookie ',
  '&a=',
  '%41',
  '..',
  '*a',
  '&a ',
];
const PUMPED = 60_000;

function pumped(pump: string, size: number): string {
  return pump.repeat(Math.ceil(size / pump.length)).slice(0, size);
}

/** Patterns of a schema, wherever they stand in it, each once. */
function patternsIn(schema: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof schema !== 'object' || schema === null) return found;
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'pattern' && typeof value === 'string') found.add(value);
    else if (name === 'patternProperties' && typeof value === 'object' && value !== null) {
      for (const pattern of Object.keys(value)) found.add(pattern);
      patternsIn(value, found);
    } else patternsIn(value, found);
  }
  return found;
}

function tryToRead(text: string): void {
  try {
    readOneRequest('manifest', text);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
  }
}

const scrubber = new Scrubber();
scrubber.remember('a-secret-of-this-process');

/** Readers of one text. */
const TEXT_READERS: Readonly<Record<string, (text: string) => unknown>> = {
  'mail addresses': (text) => addressesIn([text]),
  'references in the place of addresses': (text) => withReferences(text, new Map()),
  redaction: (text) => scrubber.text(text),
  "a vendor's words": (text) => quote(text, []),
  'depth of YAML': (text) => mayNestTooDeep(text),
  'size of YAML with aliases': (text) => expandsTooMuch(text),
  'a report as the input of an activity': (text) =>
    faultOfInput('closeTarget', {
      requestId: 'r',
      target: 't',
      outcome: 'failed',
      failure: {
        step: 's',
        system: 'gitlab',
        operation: 'o',
        object: 'x',
        message: text,
        remedy: 'r',
        scope: 'target',
      },
    }),
};

export const INPUT_CASES: readonly InputCase[] = [
  ...Object.entries(YAML_TEXTS).map(([name, [size, text]]) => ({
    name: `manifest: ${name}`,
    size,
    prepare: (wanted: number) => {
      const prepared = text(wanted);
      return () => tryToRead(prepared);
    },
  })),
  ...Object.entries(TEXT_READERS).flatMap(([name, read]) =>
    PUMPS.map((pump) => ({
      name: `${name}: ${JSON.stringify(pump)}`,
      size: PUMPED,
      prepare: (size: number) => {
        const prepared = pumped(pump, size);
        return () => void read(prepared);
      },
    })),
  ),
  ...[...patternsIn([EMAIL_PATTERN, FleetSchema, PolicySchema, InventorySchema, PathSchema])].flatMap(
    (pattern) => {
      const compiled = new RegExp(pattern);
      return PUMPS.map((pump) => ({
        name: `pattern ${pattern}: ${JSON.stringify(pump)}`,
        size: PUMPED,
        prepare: (size: number) => {
          // an end that does not match makes it go back
          const prepared = `${pumped(pump, size)}\u0000`;
          return () => void compiled.test(prepared);
        },
      }));
    },
  ),
];
