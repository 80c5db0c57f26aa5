/** Requests for single clusters around the activities of onboarding. */
import { fleetText } from '../../../sandbox/stack/example-files.js';
import { type Cluster, makeWorld, personOf } from '../../../sandbox/world.js';
import type { ClusterTarget, FleetRequest } from '../../../src/domain/request.js';
import { recordOf } from '../../../src/ledger/record.js';
import { expandFleet, peopleOf } from '../../../src/manifests/expand.js';
import { readManifests } from '../../../src/manifests/read.js';
import { canonicalJson, digest } from '../../../src/security/canonical.js';
import { newId } from '../../ledger/fixtures.js';
import { type AskOptions, EffectStage, openParts, type Subject } from './effect-stage.js';

const GATE = 'procurement';
const POLICY = `apiVersion: gatehouse/v1
kind: Policy
metadata: {name: saas}
spec:
  appliesTo: {kind: Fleet, service: otterize}
  gates:
    - name: ${GATE}
      approvers: {group: procurement, need: 1}
`;

export interface FleetSubject extends Subject {
  readonly cluster: Cluster;
}

export interface FleetAskOptions extends AskOptions {
  readonly adopt?: boolean;
  /** default: one of its own that nobody has used */
  readonly cluster?: Cluster;
}

export class FleetStage extends EffectStage<FleetSubject> {
  readonly #unused: Cluster[];

  private constructor(parts: Awaited<ReturnType<typeof openParts>>) {
    super(parts, GATE);
    this.#unused = [...this.world.clusters];
  }

  /** @param clusters how many requests the tests of the file make at most */
  static async open(clusters: number): Promise<FleetStage> {
    return new FleetStage(await openParts(makeWorld({ clusters }), { policy: POLICY }));
  }

  async ask(options: FleetAskOptions = {}): Promise<FleetSubject> {
    const cluster = options.cluster ?? (options.untouched === true ? this.#last() : this.nextCluster());
    const request = await this.accept(cluster, options);
    await this.run('plan', 'planFleet', { requestId: request.requestId });
    await this.agree(request, options);
    return { requestId: request.requestId, target: keyOf(cluster), cluster };
  }

  unnamed(): string {
    const [first] = this.world.clusters;
    return first === undefined ? '' : keyOf(first);
  }

  workflowIdOf(requestId: string): string {
    return `fleet/otterize/${requestId}`;
  }

  /** A cluster that nothing was done to yet. */
  nextCluster(): Cluster {
    const cluster = this.#unused.shift();
    if (cluster === undefined) throw new RangeError('Open the stage with more clusters.');
    return cluster;
  }

  /** A request as intake accepts it; nothing is planned yet. */
  async accept(cluster: Cluster, options: Pick<FleetAskOptions, 'adopt'> = {}): Promise<FleetRequest> {
    const requestId = newId();
    const { inventory, owned, policies } = this.files;
    const policy = policies.find(({ metadata }) => metadata.name === 'saas');
    const adopt = options.adopt === true ? { adopt: true } : {};
    const text = fleetText(this.world, {
      name: requestId,
      clusters: [{ name: cluster.name, stage: cluster.stage, ...adopt }],
    });
    const [fleet] = readManifests([{ file: 'fleet.yaml', text }]).fleets;
    if (fleet === undefined || policy === undefined) throw new Error('no fleet or no policy');
    const people = [...peopleOf(fleet.manifest), personOf(this.world, 'ada').mail ?? ''];
    const refs = await this.ledger.api.keepPersonal(requestId, people);
    const refOf = (value: string): string => refs[people.indexOf(value)] ?? '';
    const content = expandFleet(fleet, inventory, refOf, owned);
    const request: FleetRequest = {
      version: 1,
      kind: 'Fleet',
      requestId,
      workflowId: this.workflowIdOf(requestId),
      requester: { kind: 'person', id: await this.personId('ada') },
      requestedFor: refs.at(-1) ?? '',
      policy: { name: 'saas', digest: digest(canonicalJson(policy)) },
      contentHash: digest(canonicalJson(content)),
      content,
      acceptedAt: new Date().toISOString(),
    };
    return await this.keep(request, policy);
  }

  /** Whoever is refused leaves nothing, so all of them may ask for the same cluster. */
  #last(): Cluster {
    const cluster = this.world.clusters.at(-1);
    if (cluster === undefined) throw new RangeError('Open the stage with clusters.');
    return cluster;
  }

  /** What the signed request says of a cluster. */
  async targetOf({ requestId, target }: Subject): Promise<ClusterTarget> {
    const request = recordOf(await this.entries(requestId))?.request;
    const found =
      request?.kind === 'Fleet' ? request.content.targets.find(({ key }) => key === target) : undefined;
    if (found === undefined) throw new Error(`${requestId} does not name ${target}`);
    return found;
  }
}

function keyOf({ name, stage }: Cluster): string {
  return `${name}/${stage}`;
}
