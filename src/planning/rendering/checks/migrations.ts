/** Work that happens once while a release is delivered and that no rollback of files takes back. */
import { type Fields, fieldsAt, listAt, textAt } from '../data.js';
import type { Finding } from '../finding.js';
import { podOf, workloadsOf } from '../images.js';
import type { RenderedDiff } from '../rendered-diff.js';
import { groupOf, objectTitle, type RenderedObject } from '../rendered-objects.js';

/** Tools that change databases, and the words people use for it. */
const MIGRATION_WORDS =
  /migrat|flyway|liquibase|alembic|prisma|knex|sqitch|goose|db[-_]?(?:update|upgrade|init|schema)/i;

/** Sources: Helm's chart hooks; Argo CD's resource hooks. */
const HOOKS = ['helm.sh/hook', 'argocd.argoproj.io/hook'] as const;
/** Hooks that only test, or run when something is taken away. */
const HARMLESS_HOOKS =
  /^(?:test|test-success|test-failure|skip|pre-delete|post-delete|predelete|postdelete)$/i;

/** Flags Jobs, hooks and init containers that come with the change; plain Jobs too, since each new one runs once. */
export function checkMigrations(diff: RenderedDiff): readonly Finding[] {
  return [...diff.added, ...diff.changed.map(({ after }) => after)].flatMap((object) => {
    const message = onceOf(object);
    if (message === undefined) return [];
    return [
      {
        check: 'migration' as const,
        object: objectTitle(object),
        message,
        remedy:
          'Make sure that the version before can work with what it leaves behind: a rollback of files does not take it back.',
        level: 'warn' as const,
      },
    ];
  });
}

function onceOf(object: RenderedObject): string | undefined {
  const hook = hookOf(object.object);
  const words = MIGRATION_WORDS.test(saidBy(object));
  if (hook !== undefined) {
    return words ? `it runs as ${hook} and looks like a database migration` : `it runs as ${hook}`;
  }
  if (object.kind === 'Job' && groupOf(object) === 'batch') {
    return words ? 'it is a Job that looks like a database migration' : 'it is a Job, which runs once';
  }
  if (/migration/i.test(object.kind)) return `a ${object.kind} changes a database`;
  return initMigration(object) ? 'an init container looks like a database migration' : undefined;
}

function hookOf(object: Fields): string | undefined {
  const annotations = fieldsAt(object, 'metadata', 'annotations');
  for (const name of HOOKS) {
    const value = annotations[name];
    if (typeof value !== 'string') continue;
    const kinds = value.split(',').map((kind) => kind.trim());
    if (kinds.some((kind) => !HARMLESS_HOOKS.test(kind))) return `${name} ${value}`;
  }
  return undefined;
}

/** Name, images and commands of what runs. */
function saidBy(object: RenderedObject): string {
  return [object.name, ...containersOf(object, ['initContainers', 'containers']).map(wordsOf)].join('\n');
}

function initMigration(object: RenderedObject): boolean {
  return containersOf(object, ['initContainers']).some((container) =>
    MIGRATION_WORDS.test(wordsOf(container)),
  );
}

function containersOf(object: RenderedObject, lists: readonly string[]): readonly Fields[] {
  return workloadsOf([object]).flatMap(({ kind }) =>
    lists.flatMap((list) => listAt(podOf(object.object, kind), list)),
  );
}

function wordsOf(container: Fields): string {
  const commands = [container.command, container.args].flat().filter((part) => typeof part === 'string');
  return [textAt(container, 'name') ?? '', textAt(container, 'image') ?? '', ...commands].join('\n');
}
