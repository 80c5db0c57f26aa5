import Type from 'typebox';
import { SystemError } from '../../domain/failure.js';
import { shapeOf } from '../http/shape.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import { KubernetesClient, type ObjectRef } from './client.js';
import type { KubernetesConnection } from './connection.js';

const OWNER_LABEL = 'app.kubernetes.io/managed-by';
const OWNER = 'gatehouse';

const Labels = Type.Optional(Type.Record(Type.String(), Type.String()));

const CronJobObject = Type.Object({
  spec: Type.Object({
    jobTemplate: Type.Object({
      metadata: Type.Optional(Type.Object({ labels: Labels, annotations: Labels })),
      spec: Type.Object({}, { additionalProperties: true }),
    }),
  }),
});

const JobObject = Type.Object({
  metadata: Type.Object({ name: Type.String(), labels: Labels }),
  status: Type.Optional(
    Type.Object({
      conditions: Type.Optional(
        Type.Union([
          Type.Null(),
          Type.Array(
            Type.Object({
              type: Type.String(),
              status: Type.String(),
              reason: Type.Optional(Type.String()),
              message: Type.Optional(Type.String()),
            }),
          ),
        ]),
      ),
    }),
  ),
});

export interface JobState {
  readonly state: 'running' | 'complete' | 'failed';
  /** one line for people */
  readonly detail: string;
}

/** A job by its natural key, and the CronJob whose template it has. */
export interface WantedJob {
  readonly namespace: string;
  readonly name: string;
  readonly cronJob: string;
  /** added to those of the template */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Jobs (batch/v1) that are run once, as their owners have described them in a CronJob that never runs by itself. */
export class Jobs {
  readonly #kubernetes: KubernetesClient;

  /** @param connection the cluster in which they run */
  constructor(connection: KubernetesConnection) {
    this.#kubernetes = new KubernetesClient({ system: 'kubernetes', connection });
  }

  /**
   * Creates the job, or finds it when it was created before; a job of this name that is not ours is never taken for it.
   * @throws SystemError kind `not-found` without the CronJob, `conflict` when the name is taken
   */
  async ensureFromCronJob(wanted: WantedJob, signal?: AbortSignal): Promise<'created' | 'adopted'> {
    const known = await this.#read(wanted, signal);
    if (known !== null) return 'adopted';
    const object = await this.#kubernetes.get(refOf('cronjobs', wanted.namespace, wanted.cronJob), signal);
    const subject = subjectOf('get cronjobs', wanted.namespace, wanted.cronJob);
    if (object === null) {
      throw new SystemError(
        troubleOf(subject, 'not-found', 'the CronJob does not exist', {
          remedy: 'Create the CronJob, suspended, or correct the check in the path.',
        }),
      );
    }
    const { metadata, spec } = shapeOf(CronJobObject, object, subject).spec.jobTemplate;
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: wanted.name,
        namespace: wanted.namespace,
        labels: { ...metadata?.labels, [OWNER_LABEL]: OWNER },
        annotations: { ...metadata?.annotations, ...wanted.annotations },
      },
      spec,
    };
    try {
      await this.#kubernetes.create(refOf('jobs', wanted.namespace, wanted.name), job, signal);
      return 'created';
    } catch (error) {
      // somebody came first: another attempt of ours, or a stranger, which reading tells
      if (!(error instanceof SystemError) || error.trouble.kind !== 'conflict') throw error;
      if ((await this.#read(wanted, signal)) === null) throw error;
      return 'adopted';
    }
  }

  /**
   * What the conditions of a job say.
   * @returns null when it does not exist
   * @throws SystemError kind `conflict` when it is not ours
   */
  async stateOf(job: Pick<WantedJob, 'namespace' | 'name'>, signal?: AbortSignal): Promise<JobState | null> {
    const found = await this.#read(job, signal);
    if (found === null) return null;
    const said = (type: string) =>
      (found.status?.conditions ?? []).find((one) => one.type === type && one.status === 'True');
    const failed = said('Failed') ?? said('FailureTarget');
    if (failed !== undefined) {
      const why = [failed.reason, failed.message].filter((part) => part !== undefined && part !== '');
      return {
        state: 'failed',
        detail: `job ${job.name} failed: ${short(why.join(': ') || 'no reason given')}`,
      };
    }
    if (said('Complete') !== undefined) return { state: 'complete', detail: `job ${job.name} is complete` };
    return { state: 'running', detail: `job ${job.name} has not ended` };
  }

  async #read(
    { namespace, name }: Pick<WantedJob, 'namespace' | 'name'>,
    signal: AbortSignal | undefined,
  ): Promise<Type.Static<typeof JobObject> | null> {
    const subject = subjectOf('get jobs', namespace, name);
    const object = await this.#kubernetes.get(refOf('jobs', namespace, name), signal);
    if (object === null) return null;
    const job = shapeOf(JobObject, object, subject);
    if (job.metadata.labels?.[OWNER_LABEL] === OWNER) return job;
    throw new SystemError(
      troubleOf(subject, 'conflict', 'a job of this name exists and was not made by Gatehouse', {
        remedy: 'Remove or rename the job, then retry.',
      }),
    );
  }
}

function refOf(plural: string, namespace: string, name: string): ObjectRef & { readonly namespace: string } {
  return { group: 'batch', version: 'v1', plural, namespace, name };
}

function subjectOf(operation: string, namespace: string, name: string): CallSubject {
  return { system: 'kubernetes', operation, object: `${namespace}/${name}` };
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 200 ? line : `${line.slice(0, 199)}…`;
}
