/** The processes of an installation, by the name of the file that starts each: `dist/<name>.mjs`. */
export const ENTRIES = {
  api: 'src/api/server.ts',
  worker: 'src/worker/main.ts',
  migrate: 'src/ledger/migrate-main.ts',
  namespace: 'src/worker/bootstrap-main.ts',
} as const;
