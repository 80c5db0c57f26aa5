/** One check of `npm run check`: its faults as lines for people, empty when all is well. */
export interface Check {
  readonly name: string;
  run(): Promise<readonly string[]>;
}
