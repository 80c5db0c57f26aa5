/** What a promotion's plan holds beside its effects: the release, what each place will hold, and what was found on the way. */
import type { Release } from './release.js';

export interface FileChange {
  readonly path: string;
  /** SHA-256 of the text; null: the file is not there */
  readonly before: string | null;
  readonly after: string | null;
}

export interface PlacePlan {
  /** key of the place, `<application>/<environment>/<place>` */
  readonly place: string;
  /** head of the branch when it was planned; a later head is fine as long as the content is the same */
  readonly base: string;
  readonly files: readonly FileChange[];
  /** SHA-256 of what the directory renders to, before and after */
  readonly rendered: { readonly before: string; readonly after: string };
  /** rendered difference for people; secret values are not in it */
  readonly diff: string;
  /** lines that were cut from `diff` */
  readonly cut: number;
  /** images that the rendered manifests will run, `repository@digest` or `repository:tag` */
  readonly images: readonly string[];
}

export interface PromotionPlan {
  readonly release: Release;
  /** SHA-256 of `fingerprintText` */
  readonly fingerprint: string;
  /** fingerprint of what runs now, if known: what a rollback leads back to */
  readonly replaces?: string;
  readonly places: readonly PlacePlan[];
  readonly risk: { readonly level: 'low' | 'high'; readonly reasons: readonly string[] };
  /** directory person ids of the authors of what is promoted; they never decide */
  readonly authors: readonly string[];
  /** warnings and what was checked, one line each */
  readonly findings: readonly string[];
}
