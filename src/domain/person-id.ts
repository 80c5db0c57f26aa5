/**
 * The one spelling of a person's id. Directories compare these ids without regard to case (Microsoft Graph: `employeeId eq`
 * ignores it) and hold them as people typed them, so `E-1001` and `e-1001` are one person: two spellings must never count
 * as four eyes.
 */
export function personIdOf(spelling: string): string {
  return spelling.normalize('NFC').trim().toLowerCase();
}

/** Whether two spellings are one person's. */
export function isSamePerson(one: string, other: string): boolean {
  return personIdOf(one) === personIdOf(other);
}
