/** Workflows of the attacker: no gates, no order, whatever he likes. */
import { ActivityFailure, ApplicationFailure, proxyActivities, workflowInfo } from '@temporalio/workflow';

export interface Attempt {
  /** full name of the queue */
  readonly queue: string;
  /** activities and their inputs, all at once */
  readonly activities: readonly { readonly name: string; readonly input: unknown }[];
}

/** Per activity: `done`, or the type of its failure, which stays in clear. */
export type AttemptResult = readonly string[];

type Any = Readonly<Record<string, (input: unknown) => Promise<unknown>>>;

export async function attempt({ queue, activities }: Attempt): Promise<AttemptResult> {
  const proxies = proxyActivities<Any>({
    taskQueue: queue,
    startToCloseTimeout: '20 s',
    retry: { maximumAttempts: 1 },
  });
  return Promise.all(activities.map(({ name, input }) => outcomeOf(proxies[name]?.(input))));
}

/** In place of the real one: straight to the effect. The input is encrypted for him, what stands in clear tells enough. */
export async function fleetOnboarding(): Promise<AttemptResult> {
  const { searchAttributes, workflowId } = workflowInfo();
  const [, cluster, stage] = /^fleet\/otterize\/(harbour-\d+)-([a-z]+)-/.exec(workflowId) ?? [];
  return attempt({
    queue: 'gatehouse-otterize',
    activities: [
      {
        name: 'ensureOrganisation',
        input: { requestId: searchAttributes.GatehouseRequest?.[0], target: `${cluster}/${stage}` },
      },
    ],
  });
}

async function outcomeOf(work: Promise<unknown> | undefined): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) {
      return error.cause.type ?? 'failed';
    }
    return 'failed';
  }
}
