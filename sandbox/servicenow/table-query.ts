import type { Change, ServiceNowSettings } from './state.js';

/** The record's fields with those that the instance itself keeps. */
export function allFields({ sysId, number, fields, workNotes }: Change): Record<string, string> {
  return {
    ...fields,
    sys_id: sysId,
    number,
    // newest first, each with its head, as the display value of a journal field is
    work_notes: [...workNotes]
      .reverse()
      .map(({ at, by, text }) => `${at.slice(0, 19).replace('T', ' ')} - ${by} (Work notes)\n${text}\n\n`)
      .join(''),
  };
}

/**
 * Records by an encoded query: `field=value` joined by `^`, with `ORDERBYfield`. A term with a field that there is not is
 * left out, so that more is found than was asked for (vendor: the default without `glide.invalid_query.returns_no_rows`).
 */
export function found(
  changes: readonly Change[],
  query: string,
  { ignoreQuery }: ServiceNowSettings,
): readonly Change[] {
  if (ignoreQuery) return changes;
  const terms = query.split('^').flatMap((term) => {
    const [, field = '', value = ''] = /^([a-z_]+)=(.*)$/.exec(term) ?? [];
    return field === '' ? [] : [{ field, value }];
  });
  const order = /(?:^|\^)ORDERBY([a-z_]+)/.exec(query)?.[1];
  const kept = changes.filter((change) =>
    terms.every(({ field, value }) => {
      const known = allFields(change)[field];
      return known === undefined || known === value;
    }),
  );
  if (order === undefined) return kept;
  const key = (change: Change): string => allFields(change)[order] ?? '';
  return [...kept].sort((a, b) => key(a).localeCompare(key(b)));
}

/** A record as the Table API shows it. */
export function shown(change: Change, fields: string | undefined, displayValue: string | undefined): object {
  const all = allFields(change);
  // without display values a journal field is empty
  if (displayValue !== 'true') all.work_notes = '';
  if (fields === undefined) return all;
  return Object.fromEntries(
    fields
      .split(',')
      .filter((name) => name in all)
      .map((name) => [name, all[name]]),
  );
}
