/** Signals, updates and queries of workflows. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { DecisionNotice } from '../domain/decision.js';
import {
  type CommandAnswer,
  type FleetProgress,
  type OperatorCommand,
  QUERY,
  SIGNAL,
  UPDATE,
} from '../domain/messages.js';

export const decisionSignal = defineSignal<[DecisionNotice]>(SIGNAL.decision);
export const pauseUpdate = defineUpdate<CommandAnswer, [OperatorCommand]>(UPDATE.pause);
export const resumeUpdate = defineUpdate<CommandAnswer, [OperatorCommand]>(UPDATE.resume);
export const retryUpdate = defineUpdate<CommandAnswer, [OperatorCommand]>(UPDATE.retry);
export const skipUpdate = defineUpdate<CommandAnswer, [OperatorCommand]>(UPDATE.skip);
export const cancelUpdate = defineUpdate<CommandAnswer, [OperatorCommand]>(UPDATE.cancel);
export const rollbackUpdate = defineUpdate<CommandAnswer, [OperatorCommand]>(UPDATE.rollback);
export const acceptUpdate = defineUpdate<CommandAnswer, [OperatorCommand]>(UPDATE.accept);
/** Something outside changed: look again. Whoever may write to the namespace may send it; it decides nothing. */
export const newsSignal = defineSignal<[]>(SIGNAL.news);
export const progressQuery = defineQuery<FleetProgress>(QUERY.progress);
