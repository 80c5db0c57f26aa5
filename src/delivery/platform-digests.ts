import { SystemError } from '../domain/failure.js';
import type { ImageByDigest } from '../systems/kubernetes/workload-state.js';
import type { RegistryClient } from '../systems/registry/client.js';

/** Images whose platforms are remembered; the digest names them for ever, so only their number is bounded. */
const MOST_REMEMBERED = 1_000;

/**
 * The digests that pods may report of an image: its own, and of one for several platforms that of each. A registry that may
 * not be asked leaves an image with its own digest; that can make a wait longer, never a wrong image right.
 */
export class PlatformDigests {
  readonly #registry: Pick<RegistryClient, 'platformDigests'> | undefined;
  readonly #known = new Map<string, readonly string[]>();

  /** @param registry undefined when none is configured */
  constructor(registry: Pick<RegistryClient, 'platformDigests'> | undefined) {
    this.#registry = registry;
  }

  /** @throws SystemError for trouble of the registry that passes by itself */
  async of(images: readonly ImageByDigest[], signal: AbortSignal): Promise<readonly ImageByDigest[]> {
    return await Promise.all(images.map((image) => this.#withPlatforms(image, signal)));
  }

  async #withPlatforms(image: ImageByDigest, signal: AbortSignal): Promise<ImageByDigest> {
    if (this.#registry === undefined) return image;
    const reference = `${image.name}@${image.digest}`;
    const known = this.#known.get(reference) ?? (await this.#ask(reference, signal));
    const platforms = known.filter((digest) => digest !== image.digest);
    return platforms.length === 0 ? image : { ...image, platforms };
  }

  async #ask(reference: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      const found = (await this.#registry?.platformDigests(reference, signal)) ?? null;
      // one that is not there now may be there in a moment
      if (found === null) return [];
      const digests = found.map(({ digest }) => digest);
      if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
      this.#known.set(reference, digests);
      return digests;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      const { kind } = error.trouble;
      if (kind === 'unavailable' || kind === 'throttled' || kind === 'malformed') throw error;
      return [];
    }
  }
}
