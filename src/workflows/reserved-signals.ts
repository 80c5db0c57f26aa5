/**
 * Signals whose name begins with the SDK's own prefix. Anybody who may write to the namespace can send one, and with a default
 * handler the SDK fails every task of the run for it, after a reset too (seen in 1.24). So they get another name before the SDK
 * looks at them, and reach the default handler like any other name that nobody knows: counted, dropped, alarmed.
 */
import type { ActivateInput, WorkflowInterceptors } from '@temporalio/workflow';

const RESERVED_PREFIX = '__temporal_';
const RENAMED_PREFIX = 'reserved:';

/** Loaded by the bundle for every workflow. It makes no command, so histories replay as they were. */
export function interceptors(): WorkflowInterceptors {
  return {
    internals: [
      {
        activate(input, next) {
          next(withoutReservedSignals(input));
        },
      },
    ],
  };
}

function withoutReservedSignals(input: ActivateInput): ActivateInput {
  for (const { signalWorkflow } of input.activation.jobs ?? []) {
    if (signalWorkflow?.signalName?.startsWith(RESERVED_PREFIX) !== true) continue;
    signalWorkflow.signalName = `${RENAMED_PREFIX}${signalWorkflow.signalName}`;
  }
  return input;
}
