/** A `Promotion` file: which application to bring to which environment, and, where wanted, which release exactly. */
import { type Static, Type } from 'typebox';
import { API_VERSION } from '../domain/manifest.js';
import { EXCEPTIONS } from '../domain/promotion/request.js';
import type { Located } from './manifest.js';
import type { PositionedDocument } from './parse.js';
import { chartName } from './path-schema.js';
import { closed, MAX_LENGTH, name } from './schema-parts.js';
import { type Validated, validateDocument } from './validate.js';

const environment = name(MAX_LENGTH.environment);

const release = Type.Object(
  {
    commit: Type.Optional(
      Type.String({
        pattern: '^(?:[0-9a-f]{40}|[0-9a-f]{64})$',
        says: 'must be a whole commit id: 40 or 64 hexadecimal digits in lower case',
      }),
    ),
    images: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[a-z0-9][a-z0-9._:/-]{0,254}$' }),
        Type.String({
          pattern: '^(?:sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9._-]{0,127})$',
          says: 'must be a digest, sha256: and 64 hexadecimal digits, or a tag',
        }),
        { additionalProperties: false, maxProperties: 100, says: 'is not the name of an image' },
      ),
    ),
    charts: Type.Optional(
      Type.Record(
        chartName,
        Type.String({
          pattern: '^v?[0-9]+\\.[0-9]+\\.[0-9]+(?:[-+][0-9A-Za-z.+-]{1,100})?$',
          says: 'must be a version such as 1.4.2, in quotes',
        }),
        { additionalProperties: false, maxProperties: 100, says: 'is not the name of a chart' },
      ),
    ),
  },
  closed,
);

export const PromotionSchema = Type.Object(
  {
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal('Promotion'),
    /** the application */
    metadata: Type.Object({ name: name(MAX_LENGTH.application) }, closed),
    spec: Type.Object(
      {
        to: environment,
        from: Type.Optional(environment),
        release: Type.Optional(release),
        exception: Type.Optional(Type.Enum([...EXCEPTIONS])),
        shadow: Type.Optional(Type.Boolean()),
      },
      closed,
    ),
  },
  closed,
);
export type PromotionManifest = Static<typeof PromotionSchema>;

/** @returns the promotion, or every fault of the document */
export function readPromotion(document: PositionedDocument): Validated<Located<PromotionManifest>> {
  const validated = validateDocument(document, PromotionSchema);
  return validated.ok ? { ok: true, value: { document, manifest: validated.value } } : validated;
}
