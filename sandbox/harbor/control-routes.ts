import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import { chartContent, imageContent } from './artifact-content.js';
import type { Harbor } from './harbor.js';

const closed = { additionalProperties: false } as const;
const Build = Type.Object(
  { repository: Type.String(), tags: Type.Array(Type.String(), { minItems: 1 }), text: Type.String() },
  closed,
);
const Chart = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    values: Type.String(),
    templates: Type.Record(Type.String(), Type.String()),
  },
  closed,
);
const Move = Type.Object({ repository: Type.String(), tag: Type.String(), digest: Type.String() }, closed);
const ScanResult = Type.Object(
  {
    repository: Type.String(),
    /** tag or digest */
    reference: Type.String(),
    /** null: as if it had never been scanned */
    status: Type.Union([Type.String(), Type.Null()]),
    counts: Type.Optional(Type.Record(Type.String(), Type.Integer({ minimum: 0 }))),
    fixable: Type.Optional(Type.Integer({ minimum: 0 })),
    endTime: Type.Optional(Type.String()),
  },
  closed,
);

/** What builds, people and scanners do at the registry, beside Gatehouse. */
export function addControlRoutes(harbor: Harbor): void {
  const { standIn, state } = harbor;

  standIn.control('POST', '/build', Build, async ({ repository, tags, text }) => {
    const content = imageContent(text);
    await standIn.act('created', `artifact ${repository}@${content.top.digest}`, () =>
      harbor.addArtifact(repository, tags, content, new Date().toISOString()),
    );
    return { digest: content.top.digest };
  });
  standIn.control('POST', '/chart', Chart, async ({ name, version, values, templates }) => {
    const content = chartContent(name, version, { values, templates });
    const repository = `charts/${name}`;
    await standIn.act('created', `artifact ${repository}@${content.top.digest}`, () =>
      harbor.addArtifact(repository, [version.replaceAll('+', '_')], content, new Date().toISOString()),
    );
    return { digest: content.top.digest };
  });
  standIn.control('POST', '/move-tag', Move, async ({ repository, tag, digest }) => {
    if (harbor.manifestOf(repository, digest) === undefined) throw new Refusal(404, 'no such manifest');
    await standIn.act('changed', `tag ${repository}:${tag}`, () => harbor.setTag(repository, tag, digest));
  });
  standIn.control('POST', '/scan', ScanResult, async ({ repository, reference, status, ...result }) => {
    const digest = harbor.manifestOf(repository, reference)?.digest;
    if (digest === undefined) throw new Refusal(404, 'no such artifact');
    await standIn.act('changed', `scan ${repository}@${digest}`, () => {
      const known = harbor.scanOf(repository, digest);
      if (known !== undefined) state.scans.splice(state.scans.indexOf(known), 1);
      if (status === null) return;
      const { counts = {}, fixable = 0, endTime = new Date().toISOString() } = result;
      state.scans.push({ repository, digest, status, counts, fixable, endTime });
    });
  });
}
