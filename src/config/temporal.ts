/** How to reach Temporal, by its own standard environment configuration: self-hosted, mTLS and Cloud alike. */
import { loadClientConnectConfig } from '@temporalio/envconfig';

export type TemporalConfig = ReturnType<typeof loadClientConnectConfig>;

/** @returns options for a Connection or NativeConnection, and the namespace */
export function temporalConfig(): {
  readonly connection: TemporalConfig['connectionOptions'];
  readonly namespace: string;
} {
  const config = loadClientConnectConfig();
  return { connection: config.connectionOptions, namespace: config.namespace ?? 'default' };
}
