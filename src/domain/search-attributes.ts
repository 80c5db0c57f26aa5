/**
 * Search attributes of our workflows, for lists in the Temporal UI. They are stored in clear, so they hold opaque ids
 * and words of ours only. Few, because a self-hosted server has ten columns of this type (reference: temporal, section 8).
 */
export const SEARCH_ATTRIBUTES = {
  /** The request that a run belongs to, e.g. `req-7k2m`. */
  request: { name: 'GatehouseRequest', type: 'KEYWORD' },
  /** Where the run stands, e.g. `planning`, `waiting`, `working`. */
  stage: { name: 'GatehouseStage', type: 'KEYWORD' },
  /** The gate or the condition it waits for, e.g. `procurement`. */
  waitingFor: { name: 'GatehouseWaitingFor', type: 'KEYWORD' },
} as const;
