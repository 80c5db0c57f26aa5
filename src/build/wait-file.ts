/**
 * `gatehouse wait` as one file: everything that it needs but Node and Git is in it. With it go the licences of the packages
 * that it holds.
 */
import { licencesOf, oneFile } from './one-file.js';

const ENTRY = 'src/cli/wait-main.ts';
/** With it, and without an ending, the file is a command wherever it stands. */
export const SHEBANG = '#!/usr/bin/env node';

export interface ProgramFile {
  readonly code: string;
  /** names, versions and licences of the packages in the code */
  readonly licences: string;
}

/** @param root absolute path of the checkout, with its packages */
export async function waitFile(root: string): Promise<ProgramFile> {
  const { code, inputs } = await oneFile(root, ENTRY, {
    legalComments: 'inline',
    banner: { js: SHEBANG },
  });
  return { code, licences: await licencesOf(root, inputs) };
}
