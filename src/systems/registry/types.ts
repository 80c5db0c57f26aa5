/** What a registry tells about images and charts. */

/** One manifest, its digest computed here from the bytes that the registry sent. */
export interface ResolvedManifest {
  /** `sha256:…` */
  readonly digest: string;
  /** e.g. `application/vnd.oci.image.index.v1+json` */
  readonly mediaType: string;
  /** bytes of the manifest itself */
  readonly size: number;
}

/** An image for one platform. */
export interface PlatformDigest {
  readonly digest: string;
  /** e.g. `linux/amd64`, `linux/arm/v7`; unset when the manifest does not say */
  readonly platform?: string;
}

export interface ChartInRegistry {
  /** digest of the chart's manifest; in a repository with an index, of its archive */
  readonly digest: string;
}

/** A chart as it is in a registry, its digests computed here. */
export interface PulledChart extends ChartInRegistry {
  /** the packed chart (`.tgz`) */
  readonly archive: Buffer;
}

export interface ChartInIndex {
  /** version as the index writes it */
  readonly version: string;
  /** `sha256:…` of the chart's archive; unset when the index does not say */
  readonly digest?: string;
  /** where the archive is: whole, or relative to the index */
  readonly url?: string;
}
