/** Starts workflows and speaks to them through Temporal's client. */
import {
  type Client,
  type Connection,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Fitness, temporalFitness, type WorkPlace } from '../config/temporal-fitness.js';
import type { DecisionNotice } from '../domain/decision.js';
import {
  type OperatorCommand,
  type RequestInput,
  SIGNAL,
  type TimingProfile,
  UPDATE,
} from '../domain/messages.js';
import { SEARCH_ATTRIBUTES } from '../domain/search-attributes.js';
import type { RunLook } from '../domain/status/attempts.js';
import { TEMPORAL } from './limits.js';
import type { CommandName, CommandOutcome, WorkflowPort } from './ports.js';
import { RememberedAnswers } from './remembered-answers.js';
import { lookAtRun } from './run-look.js';

/** Another request's run holds the workflow id. It is ending; the start is tried again. */
export class WorkflowBusy extends Error {
  override readonly name = 'WorkflowBusy';
}

/** A run answers in a shape of its own making: history has no authority, so nothing is believed of it. */
const answerShape = Compile(
  Type.Object({ accepted: Type.Boolean(), message: Type.String({ maxLength: 2_000 }) }),
);

const REQUEST_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.request.name, SearchAttributeType.KEYWORD);

export interface TemporalWorkflowsOptions {
  readonly client: Client;
  /** of the client */
  readonly connection: Connection;
  readonly place: WorkPlace;
  /** where workflow tasks are served, e.g. `gatehouse-workflows` */
  readonly taskQueue: string;
  readonly timing: TimingProfile;
}

export class TemporalWorkflows implements WorkflowPort {
  private readonly options: TemporalWorkflowsOptions;

  private readonly looks: RememberedAnswers<RunLook>;
  private readonly fitnesses: RememberedAnswers<readonly Fitness[]>;

  constructor(options: TemporalWorkflowsOptions) {
    this.options = options;
    this.looks = new RememberedAnswers({ keepMs: TEMPORAL.lookKeptMs, maxKept: 1_000 }, (workflowId) =>
      lookAtRun(options.client, workflowId, Date.now()),
    );
    this.fitnesses = new RememberedAnswers({ keepMs: TEMPORAL.fitnessKeptMs, maxKept: 1 }, () =>
      this.askFitness(),
    );
  }

  async start(workflowId: string, workflowType: string, requestId: string): Promise<void> {
    const { client, taskQueue, timing } = this.options;
    const input: RequestInput = { requestId, timing };
    try {
      await client.workflow.start(workflowType, {
        workflowId,
        taskQueue,
        args: [input],
        // after the end of a request the next one is a new run of the same id
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        typedSearchAttributes: new TypedSearchAttributes([{ key: REQUEST_KEY, value: requestId }]),
        staticSummary: requestId,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const running = await client.workflow.getHandle(workflowId).describe();
      if (running.typedSearchAttributes.get(REQUEST_KEY) === requestId) return;
      throw new WorkflowBusy(`Another run holds ${workflowId}.`);
    }
  }

  async notify(workflowId: string, notice: DecisionNotice): Promise<void> {
    try {
      await this.options.client.workflow.getHandle(workflowId).signal(SIGNAL.decision, notice);
    } catch (error) {
      // it has ended, or will read the ledger when it is started again
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  async tellNews(workflowId: string): Promise<void> {
    try {
      await this.options.client.workflow.getHandle(workflowId).signal(SIGNAL.news);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  async command(workflowId: string, command: CommandName, body: OperatorCommand): Promise<CommandOutcome> {
    const { client } = this.options;
    try {
      const answer: unknown = await client.withDeadline(Date.now() + TEMPORAL.updateMs, () =>
        client.workflow.getHandle(workflowId).executeUpdate<unknown, [OperatorCommand]>(UPDATE[command], {
          args: [body],
          updateId: body.commandId,
        }),
      );
      return answerShape.Check(answer)
        ? { state: 'answered', answer }
        : { state: 'answered', answer: { accepted: false, message: 'The workflow answered nothing known.' } };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { state: 'absent' };
      if (error instanceof WorkflowUpdateFailedError) {
        return {
          state: 'answered',
          answer: { accepted: false, message: 'The workflow refused the command.' },
        };
      }
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcServiceError(error)) {
        return { state: 'unavailable' };
      }
      throw error;
    }
  }

  look(workflowId: string): Promise<RunLook> {
    return this.looks.of(workflowId);
  }

  fitness(): Promise<readonly Fitness[]> {
    return this.fitnesses.of('');
  }

  private async askFitness(): Promise<readonly Fitness[]> {
    const { client, connection, place } = this.options;
    return client.withDeadline(Date.now() + TEMPORAL.pingMs, async () => {
      // what follows takes every trouble for an answer
      await client.connection.workflowService.getSystemInfo({});
      return temporalFitness(connection, place);
    });
  }
}
