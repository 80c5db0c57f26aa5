import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import type { StandIn } from '../framework/stand-in.js';
import type { Integration, Organization, OtterizeSettings, OtterizeState, User } from './state.js';

export type OtterizeStandIn = StandIn<typeof OtterizeState, typeof OtterizeSettings>;

/** Who calls: a person, who may belong to many organisations, or the components of one integration. */
export type Caller =
  | { readonly kind: 'person'; readonly user: User }
  | { readonly kind: 'component'; readonly integration: Integration };

/** What all routes of the stand-in share: who calls, in which organisation, and the rule for taken names. */
export class Otterize {
  readonly standIn: OtterizeStandIn;
  #countedSettings: OtterizeSettings | undefined;
  #calls = 0;

  constructor(standIn: OtterizeStandIn) {
    this.standIn = standIn;
  }

  get state(): OtterizeState {
    return this.standIn.state;
  }

  get settings(): OtterizeSettings {
    return this.standIn.settings;
  }

  /** refuses a request without a good token (401); counts it when tokens expire by number */
  authenticate(call: Call): void {
    const caller = this.callerOf(call);
    if (caller.kind === 'component') return;
    const { tokenCalls, tokenExpires } = this.settings;
    if (this.#countedSettings !== this.settings) {
      this.#countedSettings = this.settings;
      this.#calls = 0;
    }
    this.#calls += 1;
    const usedUp = tokenCalls !== null && this.#calls > tokenCalls;
    if (usedUp || (tokenExpires !== null && Date.now() >= Date.parse(tokenExpires))) {
      throw new Refusal(401, 'token is expired');
    }
  }

  /** @throws Refusal 401 */
  callerOf(call: Call): Caller {
    const token = tokenOf(call);
    if (token === undefined) throw new Refusal(401, 'missing access token');
    const user = this.state.users.find((candidate) => candidate.token === token);
    if (user) return { kind: 'person', user };
    const login = this.state.componentTokens.find((candidate) => candidate.token === token);
    const integration = this.state.integrations.find((candidate) => candidate.id === login?.integrationId);
    if (!login || !integration) throw new Refusal(401, 'invalid access token');
    if (Date.now() >= login.expires) throw new Refusal(401, 'token is expired');
    return { kind: 'component', integration };
  }

  /** @throws Refusal 401, or 403 for the components of an integration */
  personOf(call: Call): User {
    const caller = this.callerOf(call);
    if (caller.kind === 'component') throw new Refusal(403, 'only a user can do this');
    return caller.user;
  }

  organizationsOf(user: User): Organization[] {
    return this.state.organizations.filter((organization) =>
      organization.members.some((member) => member.userId === user.id),
    );
  }

  /**
   * The organisation that a request is about, from the header `X-Otterize-Organization`.
   * @throws Refusal 400 without a header and with several organisations, 403 for somebody else's
   */
  organizationOf(call: Call): Organization {
    const wanted = call.header('x-otterize-organization') ?? '';
    const caller = this.callerOf(call);
    const mine =
      caller.kind === 'person'
        ? this.organizationsOf(caller.user)
        : this.state.organizations.filter(({ id }) => id === caller.integration.organizationId);
    if (wanted === '') {
      const [first, second] = mine;
      if (!first) throw new Refusal(400, 'user does not belong to any organization');
      if (second && this.settings.organizationHeaderMissing === 'refuse') {
        throw new Refusal(400, 'user belongs to several organizations, select one');
      }
      return first;
    }
    const organization = mine.find((candidate) => candidate.id === wanted);
    // [K] which of 403 and 404 the real service gives
    if (!organization) throw new Refusal(403, `not a member of organization ${wanted}`);
    return organization;
  }

  /** @throws Refusal 409 when the name is taken and the switch `duplicateNames` says so */
  refuseTaken(taken: boolean, what: string): void {
    if (taken && this.settings.duplicateNames === 'refuse') {
      throw new Refusal(409, `${what} already exists`);
    }
  }

  /** the cluster's components have logged in: CONNECTED after `connectMs` */
  connect(integration: Integration): void {
    const alreadyConnected = integration.connectedFrom !== undefined && integration.silentFrom === undefined;
    if (!alreadyConnected) integration.connectedFrom = Date.now() + this.settings.connectMs;
    delete integration.silentFrom;
  }
}

function tokenOf(call: Call): string | undefined {
  const bearer = call.header('authorization')?.match(/^Bearer (.+)$/i)?.[1];
  return bearer ?? call.header('cookie')?.match(/(?:^|;\s*)access_token=([^;]+)/)?.[1];
}

/** the one object of an organisation with this id. Throws a Refusal 404. */
export function found<T extends { readonly id: string; readonly organizationId: string }>(
  list: readonly T[],
  organization: Organization,
  id: string,
  what: string,
): T {
  const object = list.find(
    (candidate) => candidate.id === id && candidate.organizationId === organization.id,
  );
  if (!object) throw new Refusal(404, `${what} ${id} not found`);
  return object;
}

/** the only one of a list. Throws a Refusal: 404 for none, 409 for several [K]. */
export function only<T>(list: readonly T[], what: string): T {
  const [first, second] = list;
  if (first === undefined) throw new Refusal(404, `${what} not found`);
  if (second !== undefined) throw new Refusal(409, `more than one ${what} found`);
  return first;
}
