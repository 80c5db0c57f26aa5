/** What `gatehouse doctor` finds. */
import { reportOf } from '../error-report.js';

export interface Finding {
  /** `installation`, `keys`, `ledger`, `temporal`, `systems`, `api`, `clock` */
  readonly area: string;
  readonly subject: string;
  readonly state: 'ok' | 'warning' | 'fault';
  readonly detail: string;
  /** what to do; for a warning or a fault */
  readonly remedy?: string;
}

/** Runs one check; whatever it throws is a fault with its own remedy. */
export async function find(
  area: string,
  subject: string,
  check: () => Promise<string | Omit<Finding, 'area' | 'subject'>>,
  remedy?: string,
): Promise<Finding> {
  try {
    const found = await check();
    return typeof found === 'string'
      ? { area, subject, state: 'ok', detail: found }
      : { area, subject, ...found };
  } catch (error) {
    const report = reportOf(error);
    const own = report.remedy ?? remedy;
    return {
      area,
      subject,
      state: 'fault',
      detail: [report.message, ...report.faults.map(({ place, message }) => `${place}: ${message}`)].join(
        '\n',
      ),
      ...(own === undefined ? {} : { remedy: own }),
    };
  }
}
