import { KubeConfig, type RequestContext, type SecurityAuthentication } from '@kubernetes/client-node';
import { Agent } from 'undici';
import { SystemError } from '../../domain/failure.js';
import type { Secret } from '../secret.js';

/** A cluster by address and bearer token, or as a kubeconfig names it. */
export type KubernetesAccess =
  | {
      /** e.g. `https://harbour-01.example.com:6443`; a path prefix is kept */
      readonly server: string;
      /** PEM text of the authority that signed the server's certificate; the system's authorities when left out */
      readonly ca?: string;
      /** asked for each call, so that short tokens can be renewed */
      readonly token: () => Promise<Secret>;
    }
  | {
      /** text of a kubeconfig; its paths must be absolute, or below `folder` */
      readonly kubeconfig: string;
      /** absolute path of the folder that relative paths in the kubeconfig begin at */
      readonly folder?: string;
      /** the current context when left out */
      readonly context?: string;
    };

/** Thrown while a call is prepared: the token or the plug-in of the kubeconfig gave nothing. */
export class NoCredential extends Error {
  override readonly name = 'NoCredential';
}

/** Keeps its connections for all calls of a client; a kubeconfig makes an agent for each call, which ends with it. */
export class KeptAgent extends Agent {}

/**
 * How to reach one API server and who we are there. The address is fixed; certificates are always checked.
 */
export class KubernetesConnection {
  /** address without a slash at the end */
  readonly server: string;
  readonly authentication: SecurityAuthentication;

  /** @throws TypeError when the address is no plain http or https address, or the kubeconfig switches checks off */
  constructor(access: KubernetesAccess) {
    if ('server' in access) {
      this.server = plainAddress(access.server);
      this.authentication = guarded(bearerAuthentication(access.ca, access.token));
    } else {
      const config = kubeConfigOf(access.kubeconfig, access.context, access.folder);
      this.server = plainAddress(config.getCurrentCluster()?.server ?? '');
      if (!this.server.startsWith('https:')) {
        throw new TypeError('A kubeconfig must name an https server: give the address and a token instead.');
      }
      this.authentication = guarded(config);
    }
  }
}

function bearerAuthentication(ca: string | undefined, token: () => Promise<Secret>): SecurityAuthentication {
  const agent = new KeptAgent(ca === undefined ? {} : { connect: { ca } });
  return {
    getName: () => 'bearer token',
    applySecurityAuthentication: async (context: RequestContext) => {
      const value = (await token()).reveal();
      // the library that sends it would quote it in its error
      if (!/^[\x21-\x7e]+$/.test(value)) throw new NoCredential();
      context.setHeaderParam('authorization', `Bearer ${value}`);
      context.setDispatcher(agent);
    },
  };
}

/** Errors of token providers and plug-ins quote commands and answers, so only the fact is passed on. */
function guarded(authentication: SecurityAuthentication): SecurityAuthentication {
  return {
    getName: () => authentication.getName(),
    applySecurityAuthentication: async (context: RequestContext) => {
      try {
        await authentication.applySecurityAuthentication(context);
      } catch (error) {
        if (error instanceof SystemError) throw error;
        throw new NoCredential();
      }
    },
  };
}

function kubeConfigOf(text: string, context: string | undefined, folder: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
  } catch {
    // the parser's message quotes the text, which holds credentials
    throw new TypeError('The kubeconfig cannot be read: check that it is a whole kubeconfig file.');
  }
  if (folder !== undefined) config.makePathsAbsolute(folder);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new TypeError(`The kubeconfig has no cluster for the context "${config.getCurrentContext()}".`);
  }
  if (cluster.skipTLSVerify) {
    throw new TypeError(
      'The kubeconfig sets insecure-skip-tls-verify: give certificate-authority-data instead.',
    );
  }
  return config;
}

function plainAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    !url ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new TypeError(
      `The address of a cluster must be http or https, without user, password, query or fragment.`,
    );
  }
  return url.href.replace(/\/+$/, '');
}
