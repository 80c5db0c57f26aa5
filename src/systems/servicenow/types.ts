/** Change requests of ServiceNow as the rest of Gatehouse sees them. */

/** States of a change request by their numbers (vendor: Change Management, state model). Installations may add others. */
export const CHANGE_STATE = {
  new: -5,
  assess: -4,
  authorize: -3,
  scheduled: -2,
  implement: -1,
  review: 0,
  closed: 3,
  canceled: 4,
} as const;

export type ChangeApproval = 'not requested' | 'requested' | 'approved' | 'rejected';

export type ChangeOutcome = 'successful' | 'unsuccessful' | 'successful_issues';

/** How much a change has to be looked at before it is made. */
export type ChangeType = 'normal' | 'standard' | 'emergency';

export interface ChangeRecord {
  readonly sysId: string;
  /** e.g. `CHG0030042` */
  readonly number: string;
  /** what we found it by */
  readonly correlationId: string;
  /** one of `CHANGE_STATE`, or a state of the installation's own */
  readonly state: number;
  readonly approval: ChangeApproval;
  readonly type: ChangeType;
  /** set when it is closed: a `ChangeOutcome`, or a code of the installation's own */
  readonly outcome?: string;
  /** for people */
  readonly url: string;
}

export interface NewChange {
  /** makes it findable: at most 100 letters, digits and `. _ : / -` */
  readonly correlationId: string;
  /** one line; cut after 160 characters, as the vendor would */
  readonly shortDescription: string;
  /** cut after 4,000 characters */
  readonly description: string;
  /** unset: `normal` */
  readonly type?: ChangeType;
  /** ISO 8601 */
  readonly plannedStart?: string;
  /** ISO 8601 */
  readonly plannedEnd?: string;
  /** name or id of the group that the change is assigned to; the vendor wants one before it can be approved */
  readonly assignmentGroup?: string;
}
