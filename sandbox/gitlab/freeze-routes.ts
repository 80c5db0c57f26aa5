import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import { type Gitlab, pageOfAll } from './gitlab.js';
import { freezePeriodJson } from './representations.js';
import { LEVEL } from './state.js';

const NewFreezePeriod = Type.Object({
  freeze_start: Type.String(),
  freeze_end: Type.String(),
  cron_timezone: Type.Optional(Type.String()),
});

/** Freeze periods: list, create, delete. */
export function addFreezeRoutes(gitlab: Gitlab): void {
  const base = '/api/v4/projects/:id/freeze_periods';

  gitlab.standIn.operation({
    id: 'listFreezePeriods',
    method: 'GET',
    path: base,
    handle: (call) => pageOfAll(call, gitlab.projectOf(call).project.freezePeriods, freezePeriodJson),
  });

  gitlab.standIn.operation({
    id: 'createFreezePeriod',
    method: 'POST',
    path: base,
    handle: (call) => {
      const { project } = gitlab.projectOf(call, LEVEL.maintainer);
      const body = call.body(NewFreezePeriod);
      for (const cron of [body.freeze_start, body.freeze_end]) {
        if (cron.trim().split(/\s+/).length !== 5)
          throw new Refusal(400, 'is invalid syntax', { code: 'list' });
      }
      const made = {
        id: gitlab.state.nextId,
        start: body.freeze_start,
        end: body.freeze_end,
        timezone: body.cron_timezone ?? 'UTC',
        createdAt: new Date().toISOString(),
      };
      call.change('created', `freeze period ${project.path} ${made.id}`, () => {
        gitlab.state.nextId += 1;
        project.freezePeriods.push(made);
      });
      return { status: 201, body: freezePeriodJson(made) };
    },
  });

  gitlab.standIn.operation({
    id: 'deleteFreezePeriod',
    method: 'DELETE',
    path: `${base}/:freeze_period_id`,
    handle: (call) => {
      const { project } = gitlab.projectOf(call, LEVEL.maintainer);
      const id = call.param('freeze_period_id');
      if (!project.freezePeriods.some((period) => String(period.id) === id)) {
        throw new Refusal(404, '404 Freeze Period Not Found');
      }
      call.change('deleted', `freeze period ${project.path} ${id}`, () => {
        project.freezePeriods = project.freezePeriods.filter((period) => String(period.id) !== id);
      });
      return { status: 204 };
    },
  });
}
