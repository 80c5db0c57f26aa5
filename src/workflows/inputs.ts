/** Inputs come from outside the workflow's trust: anybody with write access to the namespace can start one. */
import { ApplicationFailure } from '@temporalio/workflow';
import { FAILURE } from '../domain/failure.js';
import type {
  ClusterInput,
  OperatorCommand,
  PlaceInput,
  RequestInput,
  TimingProfile,
} from '../domain/messages.js';
import { activitiesFor } from './activity-options.js';

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength;
}

function isTiming(value: unknown): value is TimingProfile {
  return value === 'standard' || value === 'brisk';
}

export function isRequestInput(value: unknown): value is RequestInput {
  return isRecord(value) && isText(value.requestId, 64) && isTiming(value.timing);
}

export function isClusterInput(value: unknown): value is ClusterInput {
  return (
    isRecord(value) &&
    isText(value.requestId, 64) &&
    isText(value.service, 64) &&
    isText(value.target, 200) &&
    isTiming(value.timing)
  );
}

export function isPlaceInput(value: unknown): value is PlaceInput {
  return (
    isRecord(value) &&
    isText(value.requestId, 64) &&
    isText(value.target, 200) &&
    isTiming(value.timing) &&
    typeof value.revert === 'boolean'
  );
}

export function isOperatorCommand(value: unknown): value is OperatorCommand {
  if (!isRecord(value) || !isText(value.commandId, 64)) return false;
  const targets = value.targets;
  return Array.isArray(targets) && targets.length <= 10_000 && targets.every((key) => isText(key, 200));
}

/** Raises an alarm; throw what it returns. */
export async function refuseInput(): Promise<ApplicationFailure> {
  await activitiesFor('standard').ledger.reportUnreadableInput();
  return ApplicationFailure.create({
    type: FAILURE.input,
    message: 'The input of this workflow is not of its shape. Start requests through the API.',
    nonRetryable: true,
  });
}
