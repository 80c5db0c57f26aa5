/** A repository that real controllers read: in the GitLab stand-in, whose Git over HTTP is real. */
import type { ControlClient } from '../../sandbox/framework/control-client.js';
import { type StandIns, startStandIns } from '../systems/stand-ins.js';

const PROJECT = 'platform/clusters';

/** Text of a file, or null for one that is to go. */
export type Files = Readonly<Record<string, string | null>>;

export class GitProject {
  readonly #standIns: StandIns;
  readonly #control: ControlClient;

  private constructor(standIns: StandIns) {
    this.#standIns = standIns;
    this.#control = standIns.control('gitlab');
  }

  static async start(): Promise<GitProject> {
    return new GitProject(await startStandIns('gitlab'));
  }

  /** Address for controllers, without credential. */
  get url(): string {
    return `${this.#standIns.origin('gitlab')}/${PROJECT}.git`;
  }

  /** The credential of somebody who only reads. */
  get login(): { readonly username: string; readonly password: string } {
    return { username: 'oauth2', password: this.#standIns.world.gitlab.readToken };
  }

  /** Address with that credential, as a pipeline's clone has it. */
  get cloneUrl(): string {
    const url = new URL(this.url);
    url.username = this.login.username;
    url.password = this.login.password;
    return url.href;
  }

  /** Somebody commits, one commit a file. @returns the last commit */
  async commit(files: Files, branch = 'main'): Promise<string> {
    let id = '';
    for (const [path, content] of Object.entries(files)) {
      const answer = await this.#control.post('/commit', { project: PROJECT, branch, path, content });
      id = /"id":"([0-9a-f]{40})"/.exec(answer)?.[1] ?? '';
    }
    if (id === '') throw new Error('Nothing was committed.');
    return id;
  }

  /** From now on clones and fetches are answered with 503, until `comeBack`. */
  async goAway(): Promise<void> {
    await this.#control.addFault({
      id: 'git-away',
      match: { path: `^/${PROJECT}\\.git/` },
      times: 0,
      when: 'before',
      kind: 'status',
      status: 503,
    });
  }

  async comeBack(): Promise<void> {
    await this.#control.removeFaults('git-away');
  }

  close(): Promise<void> {
    return this.#standIns.close();
  }
}
