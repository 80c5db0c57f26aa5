import { Refusal } from '../framework/refusal.js';
import { type Gitlab, originOf, pageOfAll } from './gitlab.js';
import { pushEventJson } from './representations.js';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Events of a project, as far as they are pushes. */
export function addEventRoutes(gitlab: Gitlab): void {
  /** reads that a push was left out of, by its id: GitLab notes pushes a moment late */
  const leftOut = new Map<number, number>();

  gitlab.standIn.operation({
    id: 'listProjectEvents',
    method: 'GET',
    path: '/api/v4/projects/:id/events',
    handle: (call) => {
      const { project } = gitlab.projectOf(call);
      const after = call.query('after');
      const before = call.query('before');
      for (const day of [after, before]) {
        if (day !== undefined && !DAY.test(day)) {
          throw new Refusal(400, 'after or before is invalid', { code: 'parameter' });
        }
      }
      const late = gitlab.standIn.settings.lateEvents;
      const pushes = gitlab.pushes.of(project.id).filter((push) => {
        const times = leftOut.get(push.id) ?? 0;
        if (times < late) leftOut.set(push.id, times + 1);
        return times >= late;
      });
      const action = call.query('action') ?? 'pushed';
      const found = pushes.filter(
        (push) =>
          action === 'pushed' &&
          // `after` means after the end of that day, `before` before its beginning
          (after === undefined || push.at.slice(0, 10) > after) &&
          (before === undefined || push.at.slice(0, 10) < before),
      );
      return pageOfAll(call, call.query('sort') === 'asc' ? found : found.reverse(), (push) =>
        pushEventJson(push, gitlab.account(push.username), originOf(call)),
      );
    },
  });
}
