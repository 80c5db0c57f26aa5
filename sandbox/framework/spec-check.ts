import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import addFormats from 'ajv-formats';
import { type Document, OpenAPIBackend, type Operation } from 'openapi-backend';
import swagger2openapi from 'swagger2openapi';

/** Where the vendors' specs are kept, in the checkout. */
const SPECS = fileURLToPath(new URL('../../third_party/specs/', import.meta.url));

export interface SpecRequest {
  readonly method: string;
  /** path as the spec writes it: without the server's base path and without the query */
  readonly path: string;
  readonly query: Record<string, string | string[]>;
  readonly headers: Record<string, string | string[]>;
  /** parsed body, undefined for none */
  readonly body: unknown;
}

/** formats of the vendors' own, which say nothing that their patterns do not say too */
const OWN_FORMATS = ['int', 'unixtime', 'base64url', 'id', 'custom-name', 'non-empty', 'omitempty,url'];

/** An answer or an accepted request that the vendor's spec forbids. */
export interface Violation {
  readonly operation: string;
  readonly part: 'request' | 'answer';
  readonly status?: number;
  readonly problems: readonly string[];
}

/** Requests and answers judged by a vendor's OpenAPI or Swagger file, operation by operation. */
export class SpecCheck {
  static readonly #loaded = new Map<string, Promise<SpecCheck>>();
  readonly #api: OpenAPIBackend;
  /** the library builds the list of all operations anew for each look-up by id, which took half of a call's time */
  readonly #operations: ReadonlyMap<string, Operation>;

  private constructor(api: OpenAPIBackend) {
    this.#api = api;
    this.#operations = new Map(
      api.getOperations().map((operation) => [operation.operationId ?? '', operation]),
    );
  }

  /**
   * Loads a spec, once per process: judging keeps no memory of what it judged.
   * @param file path below `third_party/specs`; Swagger 2.0 is converted
   * @throws Error when the file is neither OpenAPI 3 nor Swagger 2.0
   */
  static load(file: string): Promise<SpecCheck> {
    const known = SpecCheck.#loaded.get(file);
    if (known) return known;
    const loading = SpecCheck.#load(file);
    SpecCheck.#loaded.set(file, loading);
    return loading;
  }

  static async #load(file: string): Promise<SpecCheck> {
    const document: unknown = JSON.parse(await readFile(new URL(file, `file://${SPECS}`), 'utf8'));
    const openApi = await asOpenApi(document, file);
    const paths = Object.entries(openApi.paths ?? {}).map(([path, item]) => [withoutDollar(path), item]);
    const definition = { ...openApi, paths: Object.fromEntries(paths) };
    const api = new OpenAPIBackend({
      definition,
      // The vendors' documents are not all valid by the strict check (Otterize: 20 errors); `quick` loads them as they
      // are. Validators are made on first use: a stand-in uses a tenth of the operations.
      quick: true,
      ajvOpts: {
        strict: false,
        allErrors: true,
        formats: Object.fromEntries(OWN_FORMATS.map((name) => [name, true])),
      },
      customizeAjv: (ajv) => {
        addFormats.default(ajv);
        return ajv;
      },
    });
    await api.init();
    return new SpecCheck(api);
  }

  /** what is wrong with a request; empty = nothing. Throws when the spec has no such operation. */
  request(operationId: string, request: SpecRequest): readonly string[] {
    const result = this.#api.validateRequest(
      {
        method: request.method,
        path: withoutDollar(request.path),
        query: request.query,
        headers: request.headers,
        ...(request.body === undefined ? {} : { body: request.body }),
      },
      this.#operation(operationId),
    );
    return (result.errors ?? []).map(describe);
  }

  /** what is wrong with an answer; empty = nothing. Throws when the spec has no such operation. */
  answer(operationId: string, status: number, body: unknown): readonly string[] {
    const operation = this.#operation(operationId);
    const known = Object.keys(operation.responses ?? {});
    const wildcard = `${Math.floor(status / 100)}XX`;
    if (!known.some((key) => key === String(status) || key.toUpperCase() === wildcard || key === 'default')) {
      return [`status ${status} is not among ${known.join(', ')}`];
    }
    // for an answer without a body the validator wants null
    return (this.#api.validateResponse(body ?? null, operation, status).errors ?? []).map(describe);
  }

  #operation(operationId: string): Operation {
    const operation = this.#operations.get(operationId);
    if (!operation) throw new Error(`the spec has no operation ${operationId}`);
    return operation;
  }
}

/** the library makes regular expressions of paths and forgets that `$` means something there (Graph's `/$ref`) */
function withoutDollar(path: string): string {
  return path.replaceAll('$', '~');
}

interface SchemaError {
  readonly instancePath: string;
  readonly message?: string | undefined;
  readonly params: unknown;
}

function describe(error: SchemaError): string {
  return `${error.instancePath} ${error.message ?? 'is wrong'} ${JSON.stringify(error.params)}`;
}

async function asOpenApi(document: unknown, file: string): Promise<Document> {
  if (isOpenApi(document)) return document;
  if (typeof document === 'object' && document !== null && 'swagger' in document) {
    const { openapi } = await swagger2openapi.convertObj(document, { patch: true, warnOnly: true });
    if (isOpenApi(openapi)) return openapi;
  }
  throw new Error(`${file} is neither OpenAPI 3 nor Swagger 2.0`);
}

function isOpenApi(document: unknown): document is Document {
  return (
    typeof document === 'object' &&
    document !== null &&
    'openapi' in document &&
    'paths' in document &&
    typeof document.openapi === 'string'
  );
}
