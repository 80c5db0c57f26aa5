import Type from 'typebox';
import { SystemError } from '../../domain/failure.js';
import { textOf } from '../http/field.js';
import { bearer, JsonRequester, type VendorWords } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import type { TokenBucket } from '../http/token-bucket.js';
import { type CallSubject, quote, troubleOf } from '../http/trouble.js';
import type { Secret } from '../secret.js';
import { judged } from './judge.js';
import type { MetricAnswer, MetricResult, MetricSample, Threshold } from './types.js';

/** Series that one answer may have: a check looks at a few, more means that its expression is wrong. */
const MOST_SAMPLES = 1_000;
/** Characters of an expression that name it in errors. */
const LONGEST_OBJECT = 200;

/** Seconds since 1970, and the value as a text, because JSON has no NaN. */
const Point = Type.Tuple([Type.Number(), Type.String()]);
const Warnings = Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()]));
const QueryAnswer = Type.Object({
  status: Type.Literal('success'),
  data: Type.Union([
    Type.Object({
      resultType: Type.Literal('vector'),
      result: Type.Array(
        Type.Object({ metric: Type.Record(Type.String(), Type.String()), value: Type.Optional(Point) }),
      ),
    }),
    Type.Object({ resultType: Type.Literal('scalar'), result: Point }),
    Type.Object({ resultType: Type.Union([Type.Literal('matrix'), Type.Literal('string')]) }),
  ]),
  warnings: Warnings,
});

export interface PrometheusOptions {
  /** address below which `api/v1/query` is */
  readonly baseUrl: string;
  /** bearer token, asked anew for each call; none: the server is open */
  readonly token?: () => Promise<Secret>;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

/** Instant queries to Prometheus and what speaks its HTTP API v1. All methods throw `SystemError`. */
export class PrometheusClient {
  readonly #http: JsonRequester;

  constructor(options: PrometheusOptions) {
    const { token } = options;
    this.#http = new JsonRequester({
      system: 'prometheus',
      baseUrl: options.baseUrl,
      ...(token === undefined ? {} : { credential: async () => bearer((await token()).reveal()) }),
      timeoutMs: options.timeoutMs,
      bucket: options.bucket,
      readError,
    });
  }

  /**
   * One instant query, evaluated now.
   * @throws SystemError kind `invalid` when the server does not understand the expression, or when it gives neither a number
   * nor a vector
   */
  async query(expression: string, signal?: AbortSignal): Promise<MetricAnswer> {
    const subject = subjectOf(expression);
    const answer = await this.#http.send({
      ...subject,
      // POST, because an expression may be longer than an address; it changes nothing
      method: 'POST',
      path: 'api/v1/query',
      form: { query: expression },
      signal,
    });
    const { data, warnings } = shapeOf(QueryAnswer, answer.body, subject);
    const said = (warnings ?? []).map((text) => quote(text, []));
    if (data.resultType === 'scalar') {
      return { kind: 'number', value: numberOf(data.result[1], subject), warnings: said };
    }
    if (data.resultType !== 'vector') {
      throw invalid(subject, `the expression gives a ${data.resultType}, neither a number nor a vector`);
    }
    if (data.result.length > MOST_SAMPLES) {
      throw invalid(subject, `the expression gives ${data.result.length} series, more than ${MOST_SAMPLES}`);
    }
    const samples = data.result.map(({ metric, value }): MetricSample => {
      if (value === undefined) throw invalid(subject, 'the expression gives histograms, not numbers');
      return { labels: metric, value: numberOf(value[1], subject) };
    });
    return { kind: 'vector', samples, warnings: said };
  }

  /**
   * Asks and judges: every sample must lie within the threshold.
   * @throws SystemError kind `invalid` for a threshold without end, as it would let everything pass
   */
  async check(
    wanted: { readonly query: string; readonly threshold: Threshold },
    signal?: AbortSignal,
  ): Promise<MetricResult> {
    const { query, threshold } = wanted;
    const ends = [threshold.min, threshold.max].filter((end) => end !== undefined);
    if (ends.length === 0 || ends.some(Number.isNaN)) {
      throw invalid(subjectOf(query), 'the threshold has neither a least nor a greatest value');
    }
    return judged(await this.query(query, signal), threshold);
  }
}

function subjectOf(expression: string): CallSubject {
  return { system: 'prometheus', operation: 'query', object: expression.slice(0, LONGEST_OBJECT) };
}

function invalid(subject: CallSubject, message: string): SystemError {
  return new SystemError(
    troubleOf(subject, 'invalid', message, { remedy: 'Correct the expression or its threshold.' }),
  );
}

/** Go's spelling of numbers: `NaN`, `+Inf`, `-Inf`, `1.5e-05`. */
function numberOf(text: string, subject: CallSubject): number {
  if (text === 'NaN') return Number.NaN;
  const infinite = /^([+-]?)Inf$/.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (text.trim() !== '' && !Number.isNaN(value)) return value;
  throw new SystemError(troubleOf(subject, 'malformed', 'the answer holds a value that is no number'));
}

/** Prometheus says `{status: 'error', errorType, error}`; 422 is an expression that cannot be carried out. */
function readError(body: unknown): VendorWords {
  return { code: textOf(body, 'errorType'), message: textOf(body, 'error') };
}
