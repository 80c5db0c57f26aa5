import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { GitlabStandIn } from '../../../sandbox/gitlab/gitlab.js';
import { createGitlab } from '../../../sandbox/gitlab/stand-in.js';
import { seed } from './seed.js';

export interface RestAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** A GitLab of its own for one test file, and a client that says what it sends. */
export class GitlabUnderTest {
  readonly folder: string;
  readonly origin: string;
  readonly control: ControlClient;
  readonly standIn: GitlabStandIn;

  private constructor(folder: string, origin: string, standIn: GitlabStandIn) {
    this.folder = folder;
    this.origin = origin;
    this.standIn = standIn;
    this.control = new ControlClient(origin);
  }

  static async start(folder?: string, port = 0): Promise<GitlabUnderTest> {
    const own = folder ?? (await mkdtemp(join(tmpdir(), 'gitlab-stand-in-')));
    const standIn = await createGitlab({ folder: own, seed });
    return new GitlabUnderTest(own, await standIn.listen(port), standIn);
  }

  async call(token: string, method: string, path: string, body?: unknown): Promise<RestAnswer> {
    const answer = await fetch(`${this.origin}/api/v4${path}`, {
      method,
      headers: {
        ...(token === '' ? {} : { 'private-token': token }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    return { status: answer.status, body: isJson ? JSON.parse(text) : text, headers: answer.headers };
  }

  async stop(): Promise<void> {
    await this.standIn.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A field of an answer, whatever its type. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof inner !== 'object' || inner === null) return undefined;
    return Object.entries(inner).find(([name]) => name === String(key))?.[1];
  }, value);
}

export function text(value: unknown, ...path: (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found !== 'string') throw new Error(`no text at ${path.join('.')} of ${JSON.stringify(value)}`);
  return found;
}
