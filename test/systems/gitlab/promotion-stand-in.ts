import { expect } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { GitLabClient } from '../../../src/systems/gitlab/client.js';
import type { MergeRequest } from '../../../src/systems/gitlab/merge-request.js';
import { GitLabMergeRequests } from '../../../src/systems/gitlab/merge-requests.js';
import { GitLabRepositories } from '../../../src/systems/gitlab/repositories.js';
import { Secret } from '../../../src/systems/secret.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

export interface Clients {
  readonly files: GitLabClient;
  readonly repositories: GitLabRepositories;
  readonly requests: GitLabMergeRequests;
}

/** A GitLab with the example world's projects, and what a promotion's tests do with it. */
export class PromotionStandIn {
  readonly standIns: StandIns;
  readonly control: ControlClient;
  /** Gatehouse's own */
  readonly ours: Clients;
  #branches = 0;

  private constructor(standIns: StandIns) {
    this.standIns = standIns;
    this.control = standIns.control('gitlab');
    this.ours = this.clientsWith(standIns.world.gitlab.token);
  }

  static async start(): Promise<PromotionStandIn> {
    return new PromotionStandIn(await startStandIns('gitlab'));
  }

  get origin(): string {
    return this.standIns.origin('gitlab');
  }

  clientsWith(token: string): Clients {
    const options = { baseUrl: this.origin, token: async () => new Secret(token) };
    return {
      files: new GitLabClient(options),
      repositories: new GitLabRepositories(options),
      requests: new GitLabMergeRequests(options),
    };
  }

  /** A new token of a person of the world. */
  async tokenOf(username: string): Promise<string> {
    const answer: unknown = JSON.parse(await this.control.post('/token', { username }));
    const token = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'token') : undefined;
    if (typeof token !== 'string') throw new Error(`no token for ${username}`);
    return token;
  }

  /** A call that goes past the clients; gives status and body. */
  async rest(
    token: string,
    method: string,
    path: string,
    body: object = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`${this.origin}/api/v4${path}`, {
      method,
      headers: { 'private-token': token, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** A branch of ours on the head of `main`, or on `startSha`, with one file. */
  async branch(
    project: string,
    change: {
      readonly path?: string;
      readonly content?: string;
      readonly startSha?: string;
      readonly trailer?: string;
    } = {},
  ): Promise<{ readonly branch: string; readonly head: string; readonly path: string }> {
    this.#branches += 1;
    const branch = `promote/test-${this.#branches}`;
    const path = change.path ?? `changes/${this.#branches}.yaml`;
    const startSha = change.startSha ?? (await this.ours.files.branchHead(project, 'main'));
    const { commitSha } = await this.ours.repositories.commitOnBranch({
      project,
      branch,
      startSha,
      message: `Change ${path}`,
      trailers: { 'Promotion-Id': change.trailer ?? branch },
      actions: [
        {
          action: change.path === undefined ? 'create' : 'update',
          path,
          content: change.content ?? 'a: 1\n',
        },
      ],
    });
    return { branch, head: commitSha, path };
  }

  async open(project: string, sourceBranch: string): Promise<MergeRequest> {
    return this.ours.requests.create({
      project,
      sourceBranch,
      targetBranch: 'main',
      title: `Merge ${sourceBranch}`,
      description: '',
      labels: ['promotion'],
      removeSourceBranch: true,
    });
  }

  /** Reads until GitLab has computed the status. */
  async computed(project: string, iid: number): Promise<MergeRequest> {
    await expect
      .poll(async () => (await this.ours.requests.read(project, iid)).detailedMergeStatus)
      .not.toMatch(/^(preparing|checking|unchecked)$/);
    return this.ours.requests.read(project, iid);
  }

  troubleFrom(call: Promise<unknown>): ReturnType<typeof cleanTroubleFrom> {
    return cleanTroubleFrom(call, this.standIns.world.gitlab.token);
  }

  /** Commits that the event log counts; each is one on disk. */
  async commitsMade(): Promise<number> {
    const events = await this.control.events();
    return events.filter(({ effect, object }) => effect === 'created' && object?.startsWith('commit '))
      .length;
  }
}

/** What every test must leave behind: no fault, no vendor's rule broken. */
export async function leaveClean(gitlab: PromotionStandIn, settings: object): Promise<void> {
  await gitlab.control.removeFaults();
  await gitlab.control.settings({ ...settings });
  expect(await gitlab.control.violations()).toEqual([]);
}
