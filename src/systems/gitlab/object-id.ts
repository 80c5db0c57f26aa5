import Type from 'typebox';

/** A full id of a Git object: SHA-1 or SHA-256 in hexadecimal. */
export const ObjectId = Type.String({ pattern: '^(?:[0-9a-f]{40}|[0-9a-f]{64})$' });
