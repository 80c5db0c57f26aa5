/** What clusters run, read from workloads and their pods by content: a tag in Git says only what somebody meant. */

/** One container of a workload, and what its pods have pulled for it. */
export interface RunningImage {
  readonly cluster: string;
  /** for people, e.g. `Deployment shop/web` */
  readonly workload: string;
  readonly container: string;
  /** as the workload's spec names it */
  readonly asked: string;
  /**
   * `sha256:…` of what runs, each once: several while a roll-out is under way, none where nothing runs. Of an image for several
   * platforms it is the index, or what one platform pulled.
   */
  readonly digests: readonly string[];
}
