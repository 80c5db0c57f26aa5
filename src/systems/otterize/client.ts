import Type from 'typebox';
import { bearer, JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import type { TokenBucket } from '../http/token-bucket.js';
import { readError } from './errors.js';
import { OtterizeOrganization } from './organization.js';
import { Me, Organization } from './shapes.js';
import type { OrganizationRecord } from './types.js';

export interface OtterizeOptions {
  /** the API's address up to and including `/rest/v1beta` */
  readonly baseUrl: string;
  /**
   * A person's token: organisations are made by people, an integration's own id and secret live inside one organisation
   * (reference: onboarding, section 3). Asked anew for each call.
   */
  readonly token: () => Promise<string>;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

/**
 * Otterize Cloud, REST API v1beta: the calls that belong to no organisation. Everything else is reached through
 * `organization(id)`, so that a call without the organisation header cannot be written: the vendor answers it from the
 * first organisation of the user, which would be the wrong tenant. All methods throw `SystemError`.
 */
export class OtterizeClient {
  readonly #http: JsonRequester;

  constructor(options: OtterizeOptions) {
    this.#http = new JsonRequester({
      system: 'otterize',
      baseUrl: options.baseUrl,
      credential: async () => bearer(await options.token()),
      timeoutMs: options.timeoutMs,
      bucket: options.bucket,
      readError,
    });
  }

  /** All organisations that the token sees. Names are not promised to be unique. */
  async listOrganizations(signal?: AbortSignal): Promise<readonly OrganizationRecord[]> {
    const subject = { system: 'otterize', operation: 'list organizations', object: 'all' } as const;
    const answer = await this.#http.send({ ...subject, method: 'GET', path: 'organizations', signal });
    return shapeOf(Type.Array(Organization), answer.body, subject).map(toOrganisation);
  }

  /**
   * Creates an organisation with its name in one call. Creating first and renaming later, as the vendor's command line
   * does, leaves an orphan of random name when it is killed in between. It cannot be deleted by the API.
   */
  async createOrganization(name: string, signal?: AbortSignal): Promise<OrganizationRecord> {
    const subject = { system: 'otterize', operation: 'create organization', object: name } as const;
    const answer = await this.#http.send({
      ...subject,
      method: 'POST',
      path: 'organizations',
      body: { name },
      signal,
    });
    return toOrganisation(shapeOf(Organization, answer.body, subject));
  }

  /**
   * One organisation; every call through it carries its id in the organisation header.
   * @throws SystemError kind `invalid` when the id is empty or not of the vendor's form
   */
  organization(id: string): OtterizeOrganization {
    return new OtterizeOrganization(this.#http, id);
  }

  /** Asks who the token belongs to, for `doctor`. */
  async ping(signal?: AbortSignal): Promise<{ readonly email: string }> {
    const subject = { system: 'otterize', operation: 'get me', object: 'token' } as const;
    const answer = await this.#http.send({ ...subject, method: 'GET', path: 'me', signal });
    return { email: shapeOf(Me, answer.body, subject).user.email };
  }
}

function toOrganisation(found: Type.Static<typeof Organization>): OrganizationRecord {
  return { id: found.id, name: found.name, uniqueName: found.uniqueName, created: found.created };
}
