import { writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { makeWorld } from '../../sandbox/world.js';
import { wait } from '../../src/cli/commands/wait.js';
import { Output } from '../../src/cli/output/output.js';
import type { Session } from '../../src/cli/session.js';
import { buildWaitProgram } from '../../src/cli/wait-program.js';
import type { Accident, Clock, Frame, WrittenObject } from './accident.js';
import { makeStory, type Story } from './story.js';

/** Looks at each frame: what a wait remembers between looks must not mislead it either. */
const LOOKS_PER_FRAME = 2;
/** Longer than any time-out: the wait's clock jumps by it when the last frame has been looked at. */
const PAST_EVERY_TIMEOUT_MS = 24 * 3_600_000;

/** How a wait came out of an accident. */
export interface Outcome {
  readonly accident: Accident;
  readonly code: number;
  /** the last document that it wrote */
  readonly last: unknown;
  /** frame on the stage when it ended */
  readonly frame: number;
  /** it ended well while our revision did not run */
  readonly falseGreen: boolean;
  /** it ended badly although our revision runs, or still may */
  readonly falseRed: boolean;
  /** it waited for what can never come */
  readonly slow: boolean;
}

/**
 * Plays accidents to the real command: a stand-in of the Kubernetes API in which each frame is written over HTTP, a real
 * Git repository, and `gatehouse wait` with the right to read only. Frames change between looks, so nothing depends on time.
 */
export class Stage {
  readonly #sandbox: Sandbox;
  readonly #folder: TemporaryFolder;
  readonly #tokenFile: string;
  readonly story: Story;

  private constructor(sandbox: Sandbox, folder: TemporaryFolder, tokenFile: string, story: Story) {
    this.#sandbox = sandbox;
    this.#folder = folder;
    this.#tokenFile = tokenFile;
    this.story = story;
  }

  static async open(): Promise<Stage> {
    const folder = await temporaryFolder('accidents');
    const sandbox = await startSandbox({
      world: makeWorld({ clusters: 1 }),
      stateDir: folder.path,
      only: ['kubernetes'],
    });
    const tokenFile = `${folder.path}/token`;
    const stage = new Stage(sandbox, folder, tokenFile, await makeStory(folder.path));
    await writeFile(tokenFile, stage.pipelineToken, { mode: 0o600 });
    for (const name of ['flux-system', 'shop', 'team-a']) {
      await stage.#call('POST', '/api/v1/namespaces', { metadata: { name } });
    }
    return stage;
  }

  async close(): Promise<void> {
    await this.#sandbox.close();
    await this.#folder.remove();
  }

  get control(): ControlClient {
    return new ControlClient(this.#sandbox.addresses.kubernetes ?? '');
  }

  /** Address of the cluster that everything is written into. */
  get server(): string {
    return `${this.#sandbox.addresses.kubernetes}/clusters/management`;
  }

  /** Token of somebody who may do everything. */
  get adminToken(): string {
    return this.#sandbox.addresses.kubernetesAdminToken ?? '';
  }

  /** Token of a pipeline that may only read. */
  get pipelineToken(): string {
    return this.#sandbox.addresses.kubernetesPipelineToken ?? '';
  }

  /** Writes a frame that stays. */
  async show(frame: Frame): Promise<void> {
    await this.#leaveAlone([frame]);
    await this.#show(frame);
  }

  async play(accident: Accident): Promise<Outcome> {
    const frames = accident.frames(this.story, clock);
    await this.#leaveAlone(frames);
    let [frame, looks, skippedMs] = [0, 0, 0];
    await this.#show(frames[0]);
    const pause = async (): Promise<void> => {
      looks += 1;
      if (looks < LOOKS_PER_FRAME) return;
      looks = 0;
      if (frame === frames.length - 1) skippedMs = PAST_EVERY_TIMEOUT_MS;
      else {
        frame += 1;
        await this.#show(frames[frame]);
      }
    };
    const { code, last } = await this.#wait(accident.args(this.story), () => Date.now() + skippedMs, pause);
    const runs = frames[frame]?.runs === true;
    return {
      accident,
      code,
      last,
      frame,
      falseGreen: code === 0 && !runs,
      falseRed: accident.must === 'proven' ? code !== 0 : accident.must === 'waiting' && code === 1,
      slow: accident.must === 'failed' && code === 3,
    };
  }

  /** The command in this process: its options, its clock, its output. */
  async #wait(
    args: readonly string[],
    now: () => number,
    pause: () => Promise<void>,
  ): Promise<{ readonly code: number; readonly last: unknown }> {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    let text = '';
    stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const env = {};
    const session: Session = {
      env,
      output: new Output({ stdin, stdout, stderr }, true, env),
      signal: new AbortController().signal,
      now,
    };
    let code = -1;
    const program = buildWaitProgram(
      async (_json, run) => {
        code = await run(session);
      },
      (of, options) => wait(of, options, pause),
    );
    const cluster = ['--server', this.server, '--token-file', this.#tokenFile];
    await program.exitOverride().parseAsync(['wait', ...cluster, ...args], { from: 'user' });
    const lines = text.trim().split('\n');
    return { code, last: JSON.parse(lines.at(-1) ?? 'null') };
  }

  /** The stand-in's own controller must not touch what is played. */
  async #leaveAlone(frames: readonly Frame[]): Promise<void> {
    const names = frames.flatMap(({ objects }) =>
      objects.filter(({ plural }) => plural === 'applications').map(({ name }) => name),
    );
    const applications = Object.fromEntries(names.map((name) => [name, { scripted: true }]));
    await this.control.settings({ applications });
  }

  async #show(frame: Frame | undefined): Promise<void> {
    for (const object of frame?.objects ?? []) await this.#write(object);
    if (frame?.trouble !== undefined) {
      const { path, status, times } = frame.trouble;
      await this.control.addFault({
        id: path,
        match: { path },
        times,
        when: 'before',
        kind: 'status',
        status,
      });
    }
  }

  /** First the spec, which gives the object its generation, then the status that a controller writes of it. */
  async #write(object: WrittenObject): Promise<void> {
    const { plural, namespace, name, labels, annotations, owners, spec, status, operation } = object;
    const collection = `${GROUPS[plural] ?? ''}/namespaces/${namespace}/${plural}`;
    const metadata = {
      name,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(owners === undefined ? {} : { ownerReferences: owners }),
    };
    const own = plural === 'applications';
    const draft = {
      metadata,
      spec,
      ...(operation === undefined ? {} : { operation }),
      ...(own && status !== undefined ? { status: status(1) } : {}),
    };
    const live = await this.#call('GET', `${collection}/${name}`);
    const written =
      live === undefined
        ? await this.#call('POST', collection, draft)
        : await this.#call('PUT', `${collection}/${name}`, {
            ...draft,
            metadata: { ...metadata, resourceVersion: live.resourceVersion },
          });
    if (own || status === undefined || written === undefined) return;
    await this.#call('PUT', `${collection}/${name}/status`, {
      metadata: { ...metadata, resourceVersion: written.resourceVersion },
      spec,
      status: status(written.generation),
    });
  }

  /** @returns what the server counts of the object; undefined for one that does not exist */
  async #call(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly resourceVersion: string; readonly generation: number } | undefined> {
    const answer = await fetch(`${this.server}${path}?fieldValidation=Strict`, {
      method,
      headers: { authorization: `Bearer ${this.adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (answer.status === 404 && method === 'GET') return undefined;
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    const object: { metadata: { resourceVersion: string; generation: number } } = JSON.parse(text);
    return object.metadata;
  }
}

const GROUPS: Readonly<Record<string, string>> = {
  applications: '/apis/argoproj.io/v1alpha1',
  appprojects: '/apis/argoproj.io/v1alpha1',
  rollouts: '/apis/argoproj.io/v1alpha1',
  kustomizations: '/apis/kustomize.toolkit.fluxcd.io/v1',
  helmreleases: '/apis/helm.toolkit.fluxcd.io/v2',
  gitrepositories: '/apis/source.toolkit.fluxcd.io/v1',
  helmcharts: '/apis/source.toolkit.fluxcd.io/v1',
  ocirepositories: '/apis/source.toolkit.fluxcd.io/v1',
  externalartifacts: '/apis/source.toolkit.fluxcd.io/v1',
  deployments: '/apis/apps/v1',
  statefulsets: '/apis/apps/v1',
  pods: '/api/v1',
};

/** Real time, in whole seconds as Kubernetes writes it. */
export const clock: Clock = {
  ago: (seconds) => `${new Date(Date.now() - seconds * 1_000).toISOString().slice(0, 19)}Z`,
  cronIn: (minutes) => {
    const at = new Date(Date.now() + minutes * 60_000);
    return `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
  },
};
