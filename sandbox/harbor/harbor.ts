import type { FastifyRequest } from 'fastify';
import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import type { StandIn } from '../framework/stand-in.js';
import { type Action, actionsOf, basicOf, claimsOf } from './access.js';
import type { ArtifactContent } from './artifact-content.js';
import type { BlobStore } from './blob-store.js';
import type { HarborSettings, HarborState, HarborUser, Manifest, Scan } from './state.js';

export type HarborStandIn = StandIn<typeof HarborState, typeof HarborSettings>;

/** What the token service calls the registry. */
export const SERVICE = 'harbor-registry';
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** What all routes share: who may do what, and the objects. */
export class Harbor {
  readonly standIn: HarborStandIn;
  readonly blobs: BlobStore;

  constructor(standIn: HarborStandIn, blobs: BlobStore) {
    this.standIn = standIn;
    this.blobs = blobs;
  }

  get state(): HarborState {
    return this.standIn.state;
  }

  get settings(): HarborSettings {
    return this.standIn.settings;
  }

  /** the user of a `Basic` header; undefined for nobody. Throws a Refusal 401 for a wrong password. */
  userOf(header: string | undefined): HarborUser | undefined {
    const login = basicOf(header);
    if (login === undefined) return undefined;
    const user = this.state.users.find(
      ({ name, password }) => name === login.name && password === login.password,
    );
    if (user === undefined) throw new Refusal(401, 'unauthorized', { code: 'UNAUTHORIZED' });
    return user;
  }

  /** what a user may do in a repository; nothing where there is no such project */
  actionsIn(repository: string, user: HarborUser | undefined): readonly Action[] {
    const project = this.state.projects.find(({ name }) => name === repository.split('/')[0]);
    return project === undefined ? [] : actionsOf(user, project.public);
  }

  /** refuses a request below `/v2/` that may not do this: 401 with what the registry wants */
  permit(request: FastifyRequest, repository: string, action: Action): void {
    const { login } = this.settings;
    if (login === 'none') return;
    const header = request.headers.authorization;
    const scope = `repository:${repository}:${action === 'push' ? 'pull,push' : 'pull'}`;
    const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
    if (login === 'token' && token !== undefined) {
      const claims = claimsOf(token, this.state.signingKey);
      if (claims === undefined || claims.exp * 1000 <= Date.now()) {
        throw this.challenge(request, scope, 'invalid_token');
      }
      const access = claims.access.find(({ name }) => name === repository);
      if (access?.actions.includes(action) !== true)
        throw this.challenge(request, scope, 'insufficient_scope');
      return;
    }
    const user = this.#knownUser(request, scope);
    if (user !== undefined && this.actionsIn(repository, user).includes(action)) return;
    if (user === undefined) throw this.challenge(request, scope);
    throw new Refusal(403, `no ${action} access to ${repository}`, { code: 'DENIED' });
  }

  /** refuses a request to `/v2/` itself of nobody in particular */
  permitRoot(request: FastifyRequest): void {
    if (this.settings.login === 'none') return;
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined && claimsOf(token, this.state.signingKey) !== undefined) return;
    if (this.#knownUser(request, '') === undefined) throw this.challenge(request, '');
  }

  /** a 401 that says how to log in */
  challenge(request: FastifyRequest, scope: string, error?: string): Refusal {
    const realm = this.settings.tokenRealm ?? `http://${request.headers.host ?? ''}/service/token`;
    const parts = [
      `realm="${realm}",service="${SERVICE}"`,
      ...(scope === '' ? [] : [`scope="${scope}"`]),
      ...(error === undefined ? [] : [`error="${error}"`]),
    ];
    const header = this.settings.login === 'basic' ? 'Basic realm="harbor"' : `Bearer ${parts.join(',')}`;
    return new Refusal(401, `unauthorized to access repository: ${scope}`, {
      code: 'UNAUTHORIZED',
      headers: { 'www-authenticate': header },
    });
  }

  /** the manifest that a tag or digest names in a repository */
  manifestOf(repository: string, reference: string): Manifest | undefined {
    const tag = this.state.tags.find((one) => one.repository === repository && one.tag === reference);
    const digest = tag?.digest ?? reference;
    return this.state.manifests.find((one) => one.repository === repository && one.digest === digest);
  }

  tagsOf(repository: string, digest?: string): string[] {
    return this.state.tags
      .filter((one) => one.repository === repository && (digest === undefined || one.digest === digest))
      .map(({ tag }) => tag);
  }

  scanOf(repository: string, digest: string): Scan | undefined {
    return this.state.scans.find((one) => one.repository === repository && one.digest === digest);
  }

  /** puts a manifest into a repository, and a tag on it when the reference is one. Throws a Refusal 412 for a fixed tag. */
  putManifest(
    call: Call,
    repository: string,
    reference: string,
    put: Omit<Manifest, 'repository' | 'pushedAt'>,
  ): void {
    const known = this.state.manifests.some(
      (one) => one.repository === repository && one.digest === put.digest,
    );
    const tag = this.state.tags.find((one) => one.repository === repository && one.tag === reference);
    if (reference === put.digest) {
      if (!known)
        call.change('created', `manifest ${repository}@${put.digest}`, () =>
          this.#addManifest(repository, put),
        );
      return;
    }
    if (!TAG.test(reference)) throw new Refusal(400, 'the tag is invalid', { code: 'TAG_INVALID' });
    if (tag !== undefined && tag.digest !== put.digest && this.settings.immutable.includes(repository)) {
      throw new Refusal(
        412,
        `Failed to process request due to '${repository}:${reference}' configured as immutable.`,
        {
          code: 'PRECONDITION',
        },
      );
    }
    if (tag?.digest === put.digest && known) return;
    call.change(tag === undefined ? 'created' : 'changed', `tag ${repository}:${reference}`, () => {
      if (!known) this.#addManifest(repository, put);
      this.setTag(repository, reference, put.digest);
    });
  }

  /** puts an artifact with everything below it into the state; call it inside a change */
  addArtifact(repository: string, tags: readonly string[], content: ArtifactContent, pushedAt: string): void {
    for (const { bytes } of [...content.blobs, ...content.manifests, content.top]) this.blobs.write(bytes);
    for (const { digest, mediaType, bytes } of [...content.manifests, content.top]) {
      if (this.manifestOf(repository, digest) !== undefined) continue;
      this.state.manifests.push({ repository, digest, mediaType, size: bytes.length, pushedAt });
    }
    for (const tag of tags) this.setTag(repository, tag, content.top.digest);
  }

  setTag(repository: string, tag: string, digest: string): void {
    const known = this.state.tags.find((one) => one.repository === repository && one.tag === tag);
    if (known === undefined) this.state.tags.push({ repository, tag, digest });
    else known.digest = digest;
  }

  #addManifest(repository: string, put: Omit<Manifest, 'repository' | 'pushedAt'>): void {
    this.state.manifests.push({ repository, ...put, pushedAt: new Date().toISOString() });
  }

  #knownUser(request: FastifyRequest, scope: string): HarborUser | undefined {
    try {
      return this.userOf(request.headers.authorization);
    } catch (error) {
      if (error instanceof Refusal) throw this.challenge(request, scope);
      throw error;
    }
  }
}
