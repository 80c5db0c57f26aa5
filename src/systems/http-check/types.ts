/** A value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** One request to a service, and what its answer must be. */
export interface HttpCheck {
  readonly url: string;
  /** a check changes nothing, so there are no others; unset: GET */
  readonly method?: 'GET' | 'HEAD';
  /** unset: 200 */
  readonly expectStatus?: number;
  readonly expectBodyContains?: string;
  /** values by JSON pointer (RFC 6901), e.g. `{"/status": "ok"}`; each must be equal */
  readonly expectJson?: Readonly<Record<string, JsonValue>>;
  /** milliseconds for the whole exchange; unset: 10,000 */
  readonly timeoutMs?: number;
}

/** `inconclusive`: nothing was said for or against, so it is not a pass. `detail` is one line for people, without secrets. */
export interface CheckResult {
  readonly state: 'passed' | 'failed' | 'inconclusive';
  readonly detail: string;
}
