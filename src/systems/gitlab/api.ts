import { JsonRequester } from '../http/json-requester.js';
import type { TokenBucket } from '../http/token-bucket.js';
import type { Secret } from '../secret.js';
import { readGitLabError } from './vendor-words.js';

export interface GitLabClientOptions {
  /** address of the server, e.g. `https://gitlab.example.com`; calls go to `/api/v4` below it and nowhere else */
  readonly baseUrl: string;
  /** a token with the scope `api`; asked for each call */
  readonly token: () => Promise<Secret>;
  /** milliseconds for one call; default 10,000 */
  readonly timeoutMs?: number;
  /** bucket of the token, when a rate is configured */
  readonly bucket?: TokenBucket;
}

/**
 * The HTTP side that all clients of GitLab share.
 * @throws TypeError when the address is no plain http or https address
 */
export function gitLabRequester(options: GitLabClientOptions): JsonRequester {
  return new JsonRequester({
    system: 'gitlab',
    baseUrl: `${options.baseUrl.replace(/\/+$/, '')}/api/v4/`,
    credential: async () => ({ 'private-token': await options.token() }),
    timeoutMs: options.timeoutMs,
    bucket: options.bucket,
    readError: readGitLabError,
  });
}
