/** The demo's second job: a release of the shop goes to production, and the next one is taken back. */
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { ControlClient } from '../framework/control-client.js';
import { shopFiles } from '../gitlab/promotion-files.js';
import { type ExampleVersion, exampleImage } from '../harbor/example-artifacts.js';
import type { ExampleApi } from '../stack/api-client.js';
import type { GatehouseStack } from '../stack/gatehouse.js';
import { shopImage } from '../stack/promotion-files.js';
import { asPipelinesSee, type SeenByPipeline, waitArguments } from './false-green.js';

const DEPLOYMENT = 'yaml/deployment.yaml';
const Committed = Type.Object({ id: Type.String() });

/** How often Argo CD looks at Git by itself here, in milliseconds; its default is three minutes. */
const POLL_MS = 12_000;

/** Runs a command as somebody, or as nobody in particular, and shows it. @returns what it printed */
export type ShowCommand = (person: string | undefined, args: readonly string[]) => Promise<string>;

export class ShopStory {
  private readonly stack: GatehouseStack;
  private readonly api: ExampleApi;
  private readonly show: ShowCommand;
  private readonly decide: (requestId: string) => Promise<void>;
  private readonly patienceMs: number;

  /**
   * @param decide lets people decide on what they are asked, in the page or by a command
   * @param patienceMs longest wait for the machine, in milliseconds
   */
  constructor(
    stack: GatehouseStack,
    api: ExampleApi,
    show: ShowCommand,
    decide: (requestId: string) => Promise<void>,
    patienceMs: number,
  ) {
    this.stack = stack;
    this.api = api;
    this.show = show;
    this.decide = decide;
    this.patienceMs = patienceMs;
  }

  /** A developer pushes to dev. @returns what pipelines would take for done, and whether they would be right */
  async falseGreen(): Promise<SeenByPipeline & { readonly pushed: string }> {
    const kubernetes = new ControlClient(this.stack.address('kubernetes'));
    await kubernetes.settings({ pollMs: POLL_MS });
    const pushed = await this.develop('1.1.0');
    return { ...(await asPipelinesSee(this.stack, 'shop-dev')), pushed };
  }

  /** The same moment by `gatehouse wait`, which ends when it is true. */
  async waitForDev(pushed: string): Promise<void> {
    await this.show(undefined, waitArguments(this.stack, 'shop-dev', pushed));
  }

  /** The release that runs in dev works in production, too. @returns how it ended */
  async promote(): Promise<RequestStatus> {
    const requestId = await this.ask();
    await this.decide(requestId);
    const status = await this.until(requestId, (now) => now.endedAt !== undefined);
    await this.show('emil', ['status', requestId]);
    return status;
  }

  /** A release that does not come up: nobody waits for the end of the wait. @returns how it ended */
  async takeBack(): Promise<RequestStatus> {
    const kubernetes = new ControlClient(this.stack.address('kubernetes'));
    await this.develop('1.2.0');
    const requestId = await this.ask();
    await kubernetes.settings({ applications: { 'shop-prod': { degraded: true } } });
    await this.show('chi', ['approve', requestId, '--gate', 'owner', '--yes']);
    await this.until(requestId, (now) => now.targets.some(({ lastStep }) => lastStep === 'merge'));
    await this.show('olga', ['status', requestId]);
    await this.show('olga', ['rollback', 'shop/prod']);
    // it is the release that does not come up; what ran before does
    await kubernetes.settings({ applications: {} });
    const status = await this.until(requestId, (now) => now.endedAt !== undefined);
    await this.show('olga', ['status', requestId]);
    return status;
  }

  /** A developer commits a version to dev, which Argo CD brings there. */
  private async develop(version: ExampleVersion): Promise<string> {
    const image = `${shopImage(this.stack.address('harbor'))}@${exampleImage('shop/web', version).content.top.digest}`;
    const commit = await new ControlClient(this.stack.address('gitlab')).post('/commit', {
      project: 'shop-dev/ops',
      path: DEPLOYMENT,
      content: shopFiles({ image })[DEPLOYMENT] ?? '',
      message: `Shop ${version}`,
      author: 'ada',
      as: 'ada',
    });
    const made: unknown = JSON.parse(commit);
    if (!Value.Check(Committed, made)) throw new Error('the commit has no id');
    return made.id;
  }

  private async ask(): Promise<string> {
    const printed = await this.show('emil', ['promote', 'shop', '--to', 'prod']);
    const requestId = /req-[a-z0-9]+/.exec(printed)?.[0] ?? '';
    await this.until(requestId, (status) => status.gates.some((gate) => gate.state === 'open'));
    return requestId;
  }

  private until(requestId: string, condition: (status: RequestStatus) => boolean): Promise<RequestStatus> {
    return this.api.until(requestId, condition, this.patienceMs);
  }
}
