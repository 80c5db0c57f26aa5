import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

interface Kept {
  readonly payload: AdapterPayload;
  /** milliseconds since 1970 */
  readonly expires: number;
}

/** What one provider remembers of sign-ins, codes and grants: in memory, gone with the process. */
export function sessionMemory(): AdapterFactory {
  const kept = new Map<string, Kept>();
  const read = (key: string): AdapterPayload | undefined => {
    const found = kept.get(key);
    if (found === undefined || found.expires > Date.now()) return found?.payload;
    kept.delete(key);
    return undefined;
  };
  const search = (model: string, fits: (payload: AdapterPayload) => boolean): AdapterPayload | undefined => {
    for (const key of kept.keys()) {
      const payload = key.startsWith(`${model}:`) ? read(key) : undefined;
      if (payload !== undefined && fits(payload)) return payload;
    }
    return undefined;
  };
  return (model): Adapter => ({
    upsert: async (id, payload, expiresIn) => {
      const expires = expiresIn === undefined ? Number.POSITIVE_INFINITY : Date.now() + expiresIn * 1000;
      kept.set(`${model}:${id}`, { payload, expires });
    },
    find: async (id) => read(`${model}:${id}`),
    findByUid: async (uid) => search(model, (payload) => payload.uid === uid),
    findByUserCode: async (code) => search(model, (payload) => payload.userCode === code),
    consume: async (id) => {
      const payload = read(`${model}:${id}`);
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id) => {
      kept.delete(`${model}:${id}`);
    },
    revokeByGrantId: async (grantId) => {
      for (const [key, { payload }] of kept) if (payload.grantId === grantId) kept.delete(key);
    },
  });
}
