/**
 * What the API asks external systems, each with a credential of its own that can change nothing there; and the one place
 * that it writes to, where checkpoints are published. The only file of the API that knows clients of systems.
 */
import { type Installation, readSecret } from '../config/installation.js';
import { SystemError, scopeOf } from '../domain/failure.js';
import type { Checkpoint } from '../ledger/ports.js';
import type { PersonLookup } from '../security/person.js';
import { GRAPH_SCOPE, tokenFor } from '../systems/azure/credential.js';
import { DirectoryClient } from '../systems/directory/client.js';
import { GitLabClient } from '../systems/gitlab/client.js';
import { bucketOf, credentialOf, tokenIn } from '../systems/installed-login.js';
import { DIRECTORY } from './limits.js';
import {
  IdentityUnavailable,
  type ManifestSource,
  ManifestUnreadable,
  SourceUnavailable,
  type Witness,
  WitnessContradiction,
} from './ports.js';
import { RememberedAnswers } from './remembered-answers.js';

export interface SystemFacts {
  /** the person behind an account; absent: the token must say it */
  readonly lookUpPerson?: PersonLookup;
  /** reads manifests from Git; absent: requests must carry them */
  readonly readManifest?: (source: ManifestSource, branch: string) => Promise<string>;
  /** who keeps checkpoints outside the database; absent: nobody */
  readonly witness?: Witness;
}

/**
 * Facts for which the installation gives the API a credential; the others are absent.
 * @throws InstallationError when a secret file cannot be read
 */
export function systemFacts(installation: Installation): SystemFacts {
  const { api, checkpoints, systems } = installation;
  const gitlab = (tokenFile: string): GitLabClient => {
    readSecret(tokenFile);
    return new GitLabClient({
      baseUrl: systems.gitlab.url,
      token: tokenIn(tokenFile),
      ...bucketOf(systems.gitlab.callsPerSecond),
    });
  };
  const login = api?.directoryLogin;
  return {
    ...(api?.gitlabTokenFile === undefined
      ? {}
      : { readManifest: manifestReader(gitlab(api.gitlabTokenFile)) }),
    ...(login === undefined
      ? {}
      : {
          lookUpPerson: personLookup(
            new DirectoryClient({
              baseUrl: systems.directory.url,
              token: tokenFor(credentialOf(login), GRAPH_SCOPE),
              ...bucketOf(systems.directory.callsPerSecond),
            }),
          ),
        }),
    ...(checkpoints === undefined ? {} : { witness: gitWitness(gitlab(checkpoints.tokenFile), checkpoints) }),
  };
}

/** Reads a manifest from a commit of the branch that the inventory names: what was never merged there is not read. */
function manifestReader(gitlab: GitLabClient): NonNullable<SystemFacts['readManifest']> {
  return async ({ project, path, commit }, branch) => {
    const found = await whetherReadable(
      async () => {
        const head = await gitlab.branchHead(project, branch);
        if (!(await gitlab.isAncestor(project, commit, head))) return 'elsewhere';
        return gitlab.readFileAt({ project, commit, path });
      },
      `${project} at ${commit.slice(0, 12)}`,
    );
    if (found === 'elsewhere') {
      throw new ManifestUnreadable(
        `The commit ${commit.slice(0, 12)} is not on the branch ${branch} of ${project}. Merge it first.`,
      );
    }
    if (found === null) {
      throw new ManifestUnreadable(`${project} has no file ${path} in the commit ${commit.slice(0, 12)}.`);
    }
    return found.content;
  };
}

async function whetherReadable<T>(read: () => Promise<T>, what: string): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const { kind } = error.trouble;
    if (scopeOf(kind) === 'provider' || kind === 'malformed' || kind === 'busy') {
      throw new SourceUnavailable('GitLab does not answer as it should.');
    }
    // what it says of what cannot be seen is for the log of GitLab, not for whoever asks
    throw new ManifestUnreadable(`${what} cannot be read.`);
  }
}

/** An account that is switched off is nobody's. */
function personLookup(directory: DirectoryClient): PersonLookup {
  const answers = new RememberedAnswers(DIRECTORY, async (accountId: string) => {
    const user = await directory.userById(accountId);
    return user?.enabled === true ? { personId: user.personId } : null;
  });
  return async (accountId) => {
    try {
      return await answers.of(accountId);
    } catch (error) {
      if (error instanceof SystemError) throw new IdentityUnavailable('The directory does not answer.');
      throw error;
    }
  };
}

/** One file per checkpoint, so that nobody ever has to change one: `<folder>/<hundred thousands>/<position>.json`. */
function gitWitness(
  gitlab: GitLabClient,
  { project, branch, folder }: NonNullable<Installation['checkpoints']>,
): Witness {
  return {
    place: `${project} ${branch}:${folder}`,
    async keep(checkpoints) {
      const missing: { readonly action: 'create'; readonly path: string; readonly content: string }[] = [];
      for (const checkpoint of checkpoints) {
        const path = `${folder}/${placeOf(checkpoint)}`;
        const content = `${JSON.stringify(checkpoint)}\n`;
        const there = await gitlab.readFile({ project, branch, path });
        if (there === null) missing.push({ action: 'create', path, content });
        else if (there.content !== content) throw new WitnessContradiction(`${project} ${path}`);
      }
      const [first, ...others] = missing;
      if (first === undefined) return 'found there';
      const last = checkpoints.at(-1)?.seq ?? 0;
      const { commitSha } = await gitlab.commitFiles({
        project,
        branch,
        message: `Ledger checkpoint ${last}`,
        effectKey: `checkpoint:${last}`,
        actions: [first, ...others],
      });
      return commitSha;
    },
  };
}

function placeOf({ seq }: Checkpoint): string {
  const group = String(Math.floor(seq / 100_000)).padStart(4, '0');
  return `${group}/${String(seq).padStart(9, '0')}.json`;
}
