/** Something stands in the way of a promotion: it is told in the plan, and nothing is done. */

export class PlanConflict extends Error {
  override readonly name = 'PlanConflict';
  /** what it is about, e.g. `release`, `verified`, `scan` */
  readonly subject: string;
  readonly remedy: string;

  constructor(subject: string, message: string, remedy: string) {
    super(message);
    this.subject = subject;
    this.remedy = remedy;
  }
}
