/** What stands around every activity, whatever it does. */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { FailureMapping } from './failure-mapping.js';
import { Heartbeats } from './heartbeats.js';

export const ACTIVITY_INTERCEPTORS: ActivityInterceptorsFactory[] = [
  () => ({ inbound: new FailureMapping() }),
  () => ({ inbound: new Heartbeats() }),
];
