/** What people and accounts of the directory look like to the rest of Gatehouse. */

/** One account. A person may have several: an everyday one, an administrator's. */
export interface DirectoryUser {
  /** object id of the account */
  readonly id: string;
  /** `employeeId` when it is set, else the account's own id, in the one spelling: all accounts of one person share it */
  readonly personId: string;
  /** may be missing even for people; in the directory's own spelling */
  readonly mail?: string;
  readonly userPrincipalName: string;
  readonly displayName: string;
  readonly givenName?: string;
  readonly surname?: string;
  readonly guest: boolean;
  /** false only when the directory says that the account is disabled */
  readonly enabled: boolean;
}

export interface DirectoryPerson {
  readonly personId: string;
  readonly displayName: string;
  /** every account of the person, in the order of their ids */
  readonly accounts: readonly DirectoryUser[];
}
