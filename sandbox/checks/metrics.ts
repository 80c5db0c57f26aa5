import type { Answer } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import type { Metric } from './state.js';

/** The answer of Prometheus' HTTP API v1 to an instant query; one that nobody set a value for finds nothing. */
export function answerTo(metric: Metric | undefined): Answer {
  if (metric === undefined) return success({ resultType: 'vector', result: [] }, undefined);
  const { answer, warnings } = metric;
  const now = Date.now() / 1000;
  if ('error' in answer) throw new Refusal(answer.status, answer.error, { code: answer.errorType });
  if ('resultType' in answer) {
    const result = answer.resultType === 'string' ? [now, 'a text'] : [];
    return success({ resultType: answer.resultType, result }, warnings);
  }
  if ('scalar' in answer) {
    return success({ resultType: 'scalar', result: [now, String(answer.scalar)] }, warnings);
  }
  const result = answer.samples.map(({ labels, value }) => ({ metric: labels, value: [now, String(value)] }));
  return success({ resultType: 'vector', result }, warnings);
}

function success(data: object, warnings: readonly string[] | undefined): Answer {
  return { status: 200, body: { status: 'success', data, ...(warnings === undefined ? {} : { warnings }) } };
}
