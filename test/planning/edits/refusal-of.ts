import { EditRefused } from '../../../src/planning/edits/edit-result.js';

/** The refusal that a call must end with. */
export function refusalOf(run: () => unknown): EditRefused {
  try {
    run();
  } catch (error) {
    if (error instanceof EditRefused) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}
