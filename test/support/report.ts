import { appendFileSync } from 'node:fs';

/** What answered in place of a system: a stand-in of ours, or the real product. */
export type Answered = 'stand-in' | 'real';

/**
 * Notes for the summary of `npm test` what answered for a system. Call it as often as you like; without a run that
 * collects it does nothing.
 * @param system the system's name as in src/systems, e.g. `otterize`
 * @param detail version or kind, e.g. `OpenBao 2.7.2`
 */
export function reportSystem(system: string, answered: Answered, detail?: string): void {
  const file = process.env.GATEHOUSE_TEST_REPORT;
  if (file === undefined) return;
  appendFileSync(file, `${JSON.stringify({ system, answered, ...(detail !== undefined && { detail }) })}\n`);
}
