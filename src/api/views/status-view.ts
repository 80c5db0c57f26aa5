/** Where a request stands, as the API answers it. */
import type { ShadowReport } from '../../domain/promotion/shadow.js';
import type { PromotionStatus } from '../../domain/promotion/status.js';
import type { RequestRecord } from '../../domain/record.js';
import type { RequestStatus } from '../../domain/status/shapes.js';
import type { StatusBody } from '../schemas/requests.js';

/** @param publicUrl where people reach the page */
export function statusView(record: RequestRecord, status: RequestStatus, publicUrl: string): StatusBody {
  const { requestId, gates, waitingFor, targets, promotion, times, totals, ...rest } = status;
  return {
    ...rest,
    id: requestId,
    ...(record.request.ticket === undefined ? {} : { ticket: record.request.ticket }),
    ...(totals === undefined ? {} : { totals: { ...totals } }),
    waitingFor: waitingFor.map((item) => ({ ...item })),
    gates: gates.map((gate) => ({ ...gate, waitsFor: [...gate.waitsFor] })),
    targets: targets.map(({ waits, ...target }) => ({
      ...target,
      effects: { ...target.effects },
      ...(waits === undefined ? {} : { waits: waits.map((wait) => ({ ...wait })) }),
      ...(target.failure === undefined ? {} : { failure: { ...target.failure } }),
    })),
    ...(promotion === undefined ? {} : { promotion: promotionView(promotion) }),
    times: {
      waitedMs: times.waitedMs,
      workedMs: times.workedMs,
      stages: times.stages.map((stage) => ({ ...stage })),
    },
    page: `${publicUrl}/r/${requestId}`,
  };
}

function promotionView({
  places,
  shadow,
  ...promotion
}: PromotionStatus): NonNullable<StatusBody['promotion']> {
  return {
    ...promotion,
    ...(shadow === undefined ? {} : { shadow: shadowView(shadow) }),
    places: places.map((place) => ({
      ...place,
      deliveries: place.deliveries.map((delivery) => ({ ...delivery })),
    })),
  };
}

function shadowView({
  gates,
  changeRecord,
  checks,
  places,
}: ShadowReport): NonNullable<NonNullable<StatusBody['promotion']>['shadow']> {
  return {
    gates: gates.map((gate) => ({ ...gate })),
    changeRecord,
    checks: [...checks],
    places: places.map((place) => ({
      ...place,
      files: [...place.files],
      deliveries: place.deliveries.map((delivery) => ({ ...delivery })),
    })),
  };
}
