import type { TestProject } from 'vitest/node';
import { openStackBroker } from './support/stack-broker.js';
import './support/stack.js';

/**
 * Gives every test file the address of the stack broker, which starts the real Temporal and the real Postgres when a
 * test asks for them. `npm test` has opened one already, for all its parts.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const opened = process.env.GATEHOUSE_STACK_BROKER;
  if (opened !== undefined) {
    project.provide('stackBroker', opened);
    return undefined;
  }
  const broker = await openStackBroker();
  project.provide('stackBroker', broker.url);
  return () => broker.dispose();
}
