import type { Accident } from './accident.js';
import type { Story } from './story.js';

/**
 * What a wait for "Synced and Healthy, and no operation pending" makes of an accident of Argo CD: the yardstick that the
 * suite is held against.
 * @returns true when it would end well while our revision does not run; undefined for accidents without an Application
 */
export function foolsSyncedAndHealthy(accident: Accident, story: Story): boolean | undefined {
  const clock = { ago: () => '2027-01-01T00:00:00Z', cronIn: () => '0 0 * * *' };
  const applications = new Map<string, boolean>();
  let any = false;
  for (const { objects, runs } of accident.frames(story, clock)) {
    for (const object of objects.filter(({ plural }) => plural === 'applications')) {
      any = true;
      const status = JSON.stringify(object.status?.(1) ?? {});
      const good = status.includes('"status":"Synced"') && status.includes('"status":"Healthy"');
      applications.set(object.name, good && object.operation === undefined);
    }
    if (applications.size > 0 && [...applications.values()].every(Boolean)) return runs !== true;
  }
  return any ? false : undefined;
}
