/**
 * Environment variables of Gatehouse: the one table. Everything else stands in the installation file, because it is reviewed
 * there. The connection to Temporal comes from Temporal's own standard variables (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`,
 * `TEMPORAL_TLS_…`, `TEMPORAL_API_KEY`, profiles).
 */

export type ProcessName = 'api' | 'worker' | 'migrate' | 'cli';

export interface Setting {
  readonly name: string;
  readonly description: string;
  readonly usedBy: readonly ProcessName[];
  readonly secret: boolean;
  readonly default?: string;
  /** an address of PostgreSQL: read by us first, since what libraries say of a wrong one quotes its password */
  readonly isDatabase?: true;
}

export const SETTINGS = [
  {
    name: 'GATEHOUSE_INSTALLATION',
    description: 'Path of the installation file (YAML): systems, keys, sign-in, where the files are',
    usedBy: ['api', 'worker', 'cli'],
    secret: false,
  },
  {
    name: 'GATEHOUSE_LEDGER_URL',
    description: 'PostgreSQL address of the ledger for the login role of this process',
    usedBy: ['api', 'worker', 'cli'],
    secret: true,
    isDatabase: true,
  },
  {
    name: 'DATABASE_URL',
    description:
      'PostgreSQL address of the ledger database for an administrator (superuser, or a role that may create roles and owns the database); used by migrations only',
    usedBy: ['migrate'],
    secret: true,
    isDatabase: true,
  },
  {
    name: 'GATEHOUSE_ROLE_PASSWORDS',
    description:
      'Path of a JSON file {"owner", "api", "worker", "auditor"} with the passwords that migrations give to the four login roles',
    usedBy: ['migrate'],
    secret: false,
  },
  {
    name: 'GATEHOUSE_LISTEN',
    description: 'Address and port of the API',
    usedBy: ['api'],
    secret: false,
    default: '127.0.0.1:8080',
  },
  {
    name: 'GATEHOUSE_QUEUES',
    description: 'Task queues that this worker serves, comma separated; empty means all',
    usedBy: ['worker'],
    secret: false,
    default: '',
  },
  {
    name: 'GATEHOUSE_METRICS_LISTEN',
    description: 'Address and port of the worker metrics and health page; empty means none',
    usedBy: ['worker'],
    secret: false,
    default: '',
  },
  {
    name: 'GATEHOUSE_BUILD_ID',
    description: 'Build id for worker deployment versioning; empty switches versioning off',
    usedBy: ['worker', 'cli'],
    secret: false,
    default: '',
  },
  {
    name: 'GATEHOUSE_WORKFLOW_BUNDLE',
    description: 'Path of a workflow bundle that was built before; empty means bundle at start',
    usedBy: ['worker'],
    secret: false,
    default: '',
  },
  {
    name: 'GATEHOUSE_URL',
    description: 'Address of the API, for the command line',
    usedBy: ['cli'],
    secret: false,
    default: 'http://127.0.0.1:8080',
  },
  {
    name: 'GATEHOUSE_TOKEN_FILE',
    description: 'Path of a file with an access token, for the command line',
    usedBy: ['cli'],
    secret: false,
  },
  {
    name: 'LOG_LEVEL',
    description: 'fatal, error, warn, info, debug or trace',
    usedBy: ['api', 'worker', 'cli'],
    secret: false,
    default: 'info',
  },
] as const satisfies readonly Setting[];

export type SettingName = (typeof SETTINGS)[number]['name'];

/** A setting is missing or wrong; the message names it and says what belongs there. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/**
 * Value of a setting, or its default.
 * @throws SettingError when it is not set and has no default
 */
export function setting(name: SettingName, env: NodeJS.ProcessEnv = process.env): string {
  const value = optionalSetting(name, env);
  if (value === undefined) {
    throw new SettingError(`${name} is not set. ${describe(name)}.`);
  }
  return value;
}

/** Value of a setting, its default, or undefined. @throws SettingError for an address of a database that is none */
export function optionalSetting(name: SettingName, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const value = env[name];
  const entry: Setting | undefined = SETTINGS.find((item) => item.name === name);
  if (value === undefined || value === '') return entry?.default;
  if (entry?.isDatabase === true) refuseUnreadableDatabase(name, value);
  return value;
}

/** @throws SettingError that names the setting and never shows its value */
function refuseUnreadableDatabase(name: SettingName, value: string): void {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isAddress =
    url !== undefined &&
    /^postgres(?:ql)?:$/.test(url.protocol) &&
    url.hash === '' &&
    !url.pathname.slice(1).includes('/') &&
    (url.hostname !== '' || url.searchParams.has('host')) &&
    !/[\s\p{Cc}]/u.test(value) &&
    canDecode(url.username) &&
    canDecode(url.password);
  if (isAddress) return;
  throw new SettingError(
    `${name} is not an address of PostgreSQL. Write postgresql://user:password@host:5432/database, and the characters / # ? @ : [ ] % of a password as %2F %23 %3F %40 %3A %5B %5D %25.`,
  );
}

function canDecode(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

function describe(name: SettingName): string {
  return SETTINGS.find((item) => item.name === name)?.description ?? '';
}

/** Splits `host:port`. @throws SettingError when it is not that */
export function listenAddress(value: string): { readonly host: string; readonly port: number } {
  const match = /^(.+):(\d{1,5})$/.exec(value);
  const [host, port] = [match?.[1], Number(match?.[2])];
  if (host === undefined || !(port >= 0 && port <= 65_535)) {
    throw new SettingError(`"${value}" is not an address. Write host:port, e.g. 127.0.0.1:8080.`);
  }
  return { host, port };
}
