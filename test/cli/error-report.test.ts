import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CliError } from '../../src/cli/cli-error.js';
import { errorLines, reportOf } from '../../src/cli/error-report.js';
import { PLAIN } from '../../src/cli/output/style.js';
import { SystemError } from '../../src/domain/failure.js';
import { readManifests } from '../../src/manifests/read.js';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const linesOf = (error: unknown): readonly string[] => errorLines(reportOf(error), PLAIN);

describe('errors', () => {
  it('show the thing, all faults and the remedy', () => {
    const error = new CliError('The call is not of its shape: see faults', 'Correct it.', [
      { place: 'body.ticket', message: 'must be a text' },
      { place: '', message: 'and more' },
    ]);
    expect(linesOf(error)).toEqual([
      'Error: The call is not of its shape: see faults',
      '  body.ticket: must be a text',
      '  and more',
      'Correct it.',
    ]);
  });

  it('give every fault of a file its place', () => {
    const text = 'apiVersion: gatehouse/v1\nkind: Fleet\nkind: Fleet\nmetadata: {name: "../x"}\n';
    const error = thrownBy(() => readManifests([{ file: 'fleet.yaml', text }]));
    const [first, ...rest] = linesOf(error);
    expect(first).toMatch(/^Error: fleet\.yaml cannot be used: \d faults?\.$/);
    expect(rest[0]).toMatch(/^ {2}fleet\.yaml:3:1: this key stands twice/);
  });

  it('name system, operation, object and remedy', () => {
    const error = new SystemError({
      system: 'key-vault',
      operation: 'get secret',
      object: 'a in b',
      kind: 'forbidden',
      message: 'the credential may not do that',
      remedy: 'Grant Key Vault Secrets User.',
    });
    expect(linesOf(error)).toEqual([
      'Error: Key Vault: get secret a in b: the credential may not do that',
      'Grant Key Vault Secrets User.',
    ]);
  });

  it('name files that are not there, or are in the way', () => {
    const missing = thrownBy(() => writeFileSync('/nowhere/at/all', ''));
    expect(linesOf(missing)[0]).toBe('Error: /nowhere/at/all: there is no such file or folder.');
  });

  it('hold no stack, and no secret of a known shape', () => {
    const token = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiJhIn0', 'c2lnbmF0dXJlc2lnbmF0dXJl'].join('.');
    const lines = linesOf(new TypeError(`refused: Bearer ${token}`)).join('\n');
    expect(lines).not.toContain(token);
    expect(lines).not.toMatch(/\n\s+at /);
    expect(linesOf('a text')).toEqual(['Error: Something unexpected was thrown.']);
  });
});
