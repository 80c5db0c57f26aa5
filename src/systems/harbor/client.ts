import { SystemError } from '../../domain/failure.js';
import { basic, JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import type { TokenBucket } from '../http/token-bucket.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import type { Secret } from '../secret.js';
import { readError } from './errors.js';
import { Artifact, REPORT_TYPES, reportOf } from './report.js';
import type { VulnerabilityReport } from './types.js';

export interface HarborOptions {
  /** the server, e.g. `https://harbor.example.com`; the API is below `/api/v2.0` */
  readonly baseUrl: string;
  /** a user or robot that may read artifacts; asked anew for each call */
  readonly credential: () => Promise<{ readonly username: string; readonly password: Secret }>;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

export interface HarborArtifact {
  readonly project: string;
  /** path within the project, may have slashes */
  readonly repository: string;
  /** of an image, or of an index: then Harbor adds up what it found in the images */
  readonly digest: string;
}

/** Scan reports of Harbor v2, read only. All methods throw `SystemError`. */
export class HarborClient {
  readonly #http: JsonRequester;

  constructor(options: HarborOptions) {
    this.#http = new JsonRequester({
      system: 'harbor',
      baseUrl: `${options.baseUrl.replace(/\/+$/, '')}/api/v2.0`,
      // basic and no cookie: sessions would need a CSRF token (reference: saas-apis, section 3)
      credential: async () => {
        const { username, password } = await options.credential();
        return basic(username, password);
      },
      timeoutMs: options.timeoutMs,
      bucket: options.bucket,
      readError,
    });
  }

  /**
   * What the last scan of an artifact found. Only state `scanned` says anything about vulnerabilities.
   * @throws SystemError kind `not-found` when Harbor has no such artifact
   */
  async vulnerabilities(artifact: HarborArtifact, signal?: AbortSignal): Promise<VulnerabilityReport> {
    const { project, repository, digest } = artifact;
    const subject: CallSubject = {
      system: 'harbor',
      operation: 'get artifact',
      object: `${project}/${repository}@${digest}`,
    };
    const answer = await this.#http.send({
      ...subject,
      method: 'GET',
      // Harbor wants the slashes in a repository encoded twice; the requester does it once
      path: [
        ...['projects', project, 'repositories', repository.replaceAll('/', '%2F')],
        ...['artifacts', digest],
      ],
      query: { with_scan_overview: 'true', with_tag: 'false', with_label: 'false' },
      headers: {
        'x-accept-vulnerabilities': REPORT_TYPES.join(', '),
      },
      signal,
    });
    const found = shapeOf(Artifact, answer.body, subject);
    if (found.digest !== digest) {
      throw new SystemError(
        troubleOf(subject, 'malformed', 'the answer is about another artifact than was asked for'),
      );
    }
    return reportOf(found, subject);
  }

  /** Asks who we are, for `doctor`. @throws SystemError kind `unauthenticated` */
  async ping(signal?: AbortSignal): Promise<void> {
    await this.#http.send({
      ...{ operation: 'list projects', object: 'first' },
      ...{ method: 'GET', path: 'projects', query: { page_size: '1' }, signal },
    });
  }
}
