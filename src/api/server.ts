/** Boots the API and ends it cleanly. */
import { readInstallation } from '../config/installation.js';
import { logLevel } from '../config/log-level.js';
import { listenAddress, optionalSetting, setting } from '../config/settings.js';
import { createLogger } from '../security/logger.js';
import { Scrubber } from '../security/redaction.js';
import { startApi } from './start.js';

/** Open calls get this long to end; longer than the slowest honest one, shorter than an orchestrator's patience. */
const CLOSE_MS = 20_000;

const scrubber = new Scrubber();
const logger = createLogger({ name: 'api', level: logLevel(optionalSetting('LOG_LEVEL')), scrubber });

async function main(): Promise<void> {
  const installation = readInstallation(setting('GATEHOUSE_INSTALLATION'));
  scrubber.remember(new URL(setting('GATEHOUSE_LEDGER_URL')).password);
  scrubber.remember(decodeURIComponent(new URL(setting('GATEHOUSE_LEDGER_URL')).password));
  const api = await startApi(installation, logger);
  const end = (signal: string): void => {
    logger.info({ signal }, 'api ends');
    const late = setTimeout(() => process.exit(1), CLOSE_MS);
    api.close().then(
      () => clearTimeout(late),
      (error: unknown) => {
        logger.error(error, 'the api did not end cleanly');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  const address = await api.app.listen(listenAddress(setting('GATEHOUSE_LISTEN')));
  process.stdout.write(`${JSON.stringify({ ready: 'api', address })}\n`);
}

main().catch((error: unknown) => {
  logger.fatal(error, 'the api ended with an error');
  process.exitCode = 1;
  setImmediate(() => process.exit(1));
});
