import { SystemError } from '../../domain/failure.js';
import type { TokenBucket } from '../http/token-bucket.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import type { Secret } from '../secret.js';

export interface RegistryCredential {
  readonly username: string;
  readonly password: Secret;
}

/** One host that may be asked, with what opens it. */
export interface RegistryHost {
  /** host and port as in image references, e.g. `registry.example.com`; `docker.io` stands for Docker Hub */
  readonly host: string;
  /** asked anew for each login; none: the registry is asked as anybody */
  readonly credential?: () => Promise<RegistryCredential>;
  /** http instead of https */
  readonly insecure?: boolean;
  readonly bucket?: TokenBucket;
}

/** Docker Hub answers at another host than the one that its images are named by. */
const ANSWERS_AT: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

const HOST = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?$/;

/** The hosts of the installation. No other is asked, whatever a request, an index or a registry's own answer names. */
export class RegistryHosts {
  readonly #byHost: ReadonlyMap<string, RegistryHost>;

  /** @throws TypeError when a host is not one, or two entries name the same */
  constructor(hosts: readonly RegistryHost[]) {
    const byHost = new Map<string, RegistryHost>();
    for (const entry of hosts) {
      const host = entry.host.toLowerCase();
      if (!HOST.test(host) || !URL.canParse(`https://${host}`)) {
        throw new TypeError(
          `"${entry.host}" is no host: write a name, and a port if it is not the usual one.`,
        );
      }
      if (byHost.has(host)) throw new TypeError(`The registry host ${host} is configured twice.`);
      byHost.set(host, entry);
    }
    this.#byHost = byHost;
  }

  /** The entry of a host as image references name it. @throws SystemError kind `invalid` when there is none */
  named(host: string, subject: CallSubject): RegistryHost {
    const entry = this.#byHost.get(host.toLowerCase());
    if (entry !== undefined) return entry;
    throw new SystemError(
      troubleOf(subject, 'invalid', `the host ${host} is not among the registries of the installation`, {
        remedy: `Add ${host} to systems.registry.hosts of the installation if it may be asked, or correct the name.`,
      }),
    );
  }

  /**
   * The entry that an address belongs to: same host, and http only where that is configured.
   * @throws SystemError kind `invalid` when there is none
   */
  at(url: URL, subject: CallSubject): RegistryHost {
    const anonymous = url.username === '' && url.password === '';
    const entry = [...this.#byHost.values()].find((one) => originOf(one) === url.origin);
    if (entry !== undefined && anonymous) return entry;
    const { host } = this.named(url.host, subject);
    throw new SystemError(
      troubleOf(subject, 'invalid', `${host} would be asked otherwise than it is configured`, {
        remedy:
          'Use an https address without user and password, or set `insecure` for a host that has http only.',
      }),
    );
  }
}

/** Where a host answers, e.g. `https://registry.example.com`. */
export function originOf({ host, insecure }: RegistryHost): string {
  const name = host.toLowerCase();
  return new URL(`${insecure === true ? 'http' : 'https'}://${ANSWERS_AT[name] ?? name}`).origin;
}
