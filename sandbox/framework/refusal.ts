/**
 * A stand-in's "no" in the vendor's words. Handlers throw it; the framework turns it into an answer with the body that
 * the stand-in's `errorBody` makes of it.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** HTTP status */
  readonly status: number;
  /** the vendor's error code, e.g. `SecretNotFound`; empty when the vendor has none */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  /** the vendor's inner error code where there is one (Key Vault) */
  readonly inner: string;

  constructor(
    status: number,
    message: string,
    more: {
      readonly code?: string;
      readonly inner?: string;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.code = more.code ?? '';
    this.inner = more.inner ?? '';
    this.headers = more.headers ?? {};
  }
}
