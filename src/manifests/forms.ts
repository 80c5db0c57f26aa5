/** Parts of a file that have one of several forms: told apart by their `kind`, or by being a word or a block. */
import { type Static, type TSchema, type TUnsafe, Type } from 'typebox';

/** How a form is chosen: by the text in `kind`, or by what the value is. */
type Choice = 'kind' | 'type';

export interface Forms {
  readonly by: Choice;
  readonly schemas: Readonly<Record<string, TSchema>>;
}

/**
 * A part whose other fields depend on its `kind`. Judging by the one schema that is meant gives better faults than "matches
 * none of five".
 */
export function byKind<const S extends Readonly<Record<string, TSchema>>>(
  schemas: S,
): TUnsafe<Static<S[keyof S]>> {
  return Type.Unsafe<Static<S[keyof S]>>({ forms: { by: 'kind', schemas } satisfies Forms });
}

/** A part that is written as a word, a number or a block. */
export function byType<const S extends Readonly<Partial<Record<'string' | 'number' | 'object', TSchema>>>>(
  schemas: S,
): TUnsafe<Static<NonNullable<S[keyof S]>>> {
  return Type.Unsafe<Static<NonNullable<S[keyof S]>>>({ forms: { by: 'type', schemas } });
}

/** The forms of a schema, if it has several. */
export function formsOf(schema: Readonly<Record<string, unknown>>): Forms | undefined {
  const { forms } = schema;
  if (typeof forms !== 'object' || forms === null || !('by' in forms) || !('schemas' in forms))
    return undefined;
  const { by, schemas } = forms;
  if ((by !== 'kind' && by !== 'type') || typeof schemas !== 'object' || schemas === null) return undefined;
  return { by, schemas: Object.fromEntries(Object.entries(schemas)) };
}
