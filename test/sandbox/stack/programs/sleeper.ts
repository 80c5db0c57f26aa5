import { sleep } from '@temporalio/workflow';

/** Sleeps, and says how many days have passed by the workflow's clock. */
export async function sleepDays(days: number): Promise<number> {
  const begin = Date.now();
  await sleep(`${days} days`);
  return (Date.now() - begin) / 86_400_000;
}
