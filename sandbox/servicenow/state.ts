import Type, { type Static } from 'typebox';

export const Change = Type.Object({
  sysId: Type.String(),
  number: Type.String(),
  /** fields by the vendor's names; every value is a text */
  fields: Type.Record(Type.String(), Type.String()),
  workNotes: Type.Array(Type.Object({ at: Type.String(), by: Type.String(), text: Type.String() })),
});
export type Change = Static<typeof Change>;

export const ServiceNowState = Type.Object({ changes: Type.Array(Change), nextNumber: Type.Integer() });
export type ServiceNowState = Static<typeof ServiceNowState>;

export const ServiceNowSettings = Type.Object(
  {
    /** fields that the user may not write: they are dropped without a word, as the real instance does */
    dropFields: Type.Array(Type.String()),
    /** the query is not understood (a field that the user may not read): everything is found */
    ignoreQuery: Type.Boolean(),
    /** a change must have an assignment group before it leaves New */
    groupNeeded: Type.Boolean(),
  },
  { additionalProperties: false },
);
export type ServiceNowSettings = Static<typeof ServiceNowSettings>;
