/** Numbers of vulnerabilities; what the scanner could not rate counts as `unknown`, never as none. */
export interface VulnerabilityCounts {
  readonly critical: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  readonly none: number;
  readonly unknown: number;
}

/**
 * What Harbor knows of an artifact's vulnerabilities. Only `scanned` says anything about them: an artifact that was never
 * scanned is not clean.
 */
export type VulnerabilityReport =
  | {
      readonly state: 'scanned';
      readonly counts: VulnerabilityCounts;
      /** how many have a fixed version */
      readonly fixable: number;
      /** ISO 8601 */
      readonly scannedAt: string;
    }
  /** never scanned */
  | { readonly state: 'absent' }
  /** `status` in Harbor's words, e.g. `Pending`, `Error` */
  | { readonly state: 'running' | 'failed'; readonly status: string };
