import Type, { type Static } from 'typebox';

export const Scan = Type.Object({
  repository: Type.String(),
  digest: Type.String(),
  /** `Pending`, `Scheduled`, `Running`, `Success`, `Error`, `Stopped` */
  status: Type.String(),
  /** by severity, e.g. `Critical` */
  counts: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
  fixable: Type.Integer({ minimum: 0 }),
  endTime: Type.String(),
});
export type Scan = Static<typeof Scan>;

export const Manifest = Type.Object({
  /** with its project, e.g. `shop/web` */
  repository: Type.String(),
  digest: Type.String(),
  mediaType: Type.String(),
  size: Type.Integer(),
  pushedAt: Type.String(),
});
export type Manifest = Static<typeof Manifest>;

export const Tag = Type.Object({ repository: Type.String(), tag: Type.String(), digest: Type.String() });
export type Tag = Static<typeof Tag>;

export const HarborUser = Type.Object({
  name: Type.String(),
  password: Type.String(),
  rights: Type.Union([Type.Literal('read'), Type.Literal('write')]),
});
export type HarborUser = Static<typeof HarborUser>;

/** The bytes of manifests and blobs are in files of their own, named by their digests. */
export const HarborState = Type.Object({
  /** signs tokens; kept, so that they outlive a restart */
  signingKey: Type.String(),
  users: Type.Array(HarborUser),
  projects: Type.Array(Type.Object({ name: Type.String(), public: Type.Boolean() })),
  manifests: Type.Array(Manifest),
  tags: Type.Array(Tag),
  scans: Type.Array(Scan),
});
export type HarborState = Static<typeof HarborState>;

export const HarborSettings = Type.Object(
  {
    /** what the registry asks for below `/v2/` */
    login: Type.Union([Type.Literal('token'), Type.Literal('basic'), Type.Literal('none')]),
    /** address of the token service that the registry names; null = its own */
    tokenRealm: Type.Union([Type.String(), Type.Null()]),
    tokenSeconds: Type.Integer({ minimum: 0 }),
    /** largest page of tags */
    tagPage: Type.Integer({ minimum: 1 }),
    /** whether answers carry `Docker-Content-Digest`; a proxy in front may drop it */
    digestHeader: Type.Boolean(),
    /** repositories whose tags cannot be moved */
    immutable: Type.Array(Type.String()),
    /** milliseconds that a scan takes */
    scanMs: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
);
export type HarborSettings = Static<typeof HarborSettings>;
