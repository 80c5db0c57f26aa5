import { startChecks } from './checks/stand-in.js';
import { startDirectory } from './directory/stand-in.js';
import type { StartStandIn } from './framework/running.js';
import { startGitlab } from './gitlab/stand-in.js';
import { startHarbor } from './harbor/stand-in.js';
import { startKeyVault } from './key-vault/stand-in.js';
import { startKubernetes } from './kubernetes/stand-in.js';
import { startMail } from './mail/stand-in.js';
import { startOidc } from './oidc/stand-in.js';
import { startOtterize } from './otterize/stand-in.js';
import { startServiceNow } from './servicenow/stand-in.js';
import { startTickets } from './tickets/stand-in.js';

/** Every stand-in, in the order they start. One line each. */
export const STAND_INS: Readonly<Record<string, StartStandIn>> = {
  directory: startDirectory,
  'key-vault': startKeyVault,
  otterize: startOtterize,
  gitlab: startGitlab,
  // after those whose addresses stand in its objects
  kubernetes: startKubernetes,
  oidc: startOidc,
  tickets: startTickets,
  mail: startMail,
  harbor: startHarbor,
  servicenow: startServiceNow,
  checks: startChecks,
};
