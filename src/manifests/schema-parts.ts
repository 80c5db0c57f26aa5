/**
 * The words that files are made of. `says` is what a fault tells when a pattern does not match.
 */
import { type TSchema, Type } from 'typebox';
import { DURATION_PATTERN } from './duration.js';

export const closed = { additionalProperties: false } as const;

/** Lower-case ASCII only: look-alikes, control characters and path traversal never get past a name. */
export const name = (maxLength: number) =>
  Type.String({
    pattern: '^[a-z](?:[a-z0-9-]*[a-z0-9])?$',
    maxLength,
    says: `must be lower-case letters, digits and "-", start with a letter, at most ${maxLength} characters`,
  });

export const projectPath = Type.String({
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$',
  maxLength: 240,
  says: 'must be a project path such as platform/clusters',
});

export const duration = Type.String({
  pattern: DURATION_PATTERN,
  says: 'must be a duration such as 30m, 12h or 5d',
});

export const metadata = Type.Object({ name: name(50) }, closed);

export const uniqueList = <T extends TSchema>(item: T, maxItems: number) =>
  Type.Array(item, { uniqueItems: true, maxItems });

export const branch = Type.String({
  pattern: '^(?!-)(?!.*\\.\\.)[A-Za-z0-9._/-]+$',
  maxLength: 200,
  says: 'must be the name of a branch',
});

export const groupName = name(60);

/** Names of Kubernetes objects. */
export const objectName = Type.String({
  pattern: '^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$',
  maxLength: 63,
  says: 'must be the name of a Kubernetes object: lower-case letters, digits, "-" and ".", at most 63',
});

/**
 * Names that stand in keys and workflow ids: `place/<application>/<environment>/<place>` stays well under the 200 characters
 * that an id may have (design, section 4).
 */
export const MAX_LENGTH = { application: 50, environment: 30, place: 40 } as const;
