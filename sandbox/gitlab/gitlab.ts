import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { Answer, Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import type { StandIn } from '../framework/stand-in.js';
import { GitRepository } from './git-repository.js';
import { PushLog } from './push-log.js';
import {
  type Account,
  type GitlabSettings,
  type GitlabState,
  LEVEL,
  type Project,
  type ProtectedBranch,
} from './state.js';

/** What a route needs of a request to know who asks for what. */
export type Asking = Pick<Call, 'request' | 'param' | 'query' | 'header'>;

export type GitlabStandIn = StandIn<typeof GitlabState, typeof GitlabSettings>;

/** What all routes of the stand-in share: who calls, which project, its repository, and one writer at a time. */
export class Gitlab {
  readonly standIn: GitlabStandIn;
  readonly pushes: PushLog;
  readonly #repositories: string;
  readonly #writers = new Map<number, Promise<unknown>>();

  constructor(standIn: GitlabStandIn, repositories: string) {
    this.standIn = standIn;
    this.#repositories = repositories;
    this.pushes = new PushLog(`${repositories}.pushes.jsonl`);
  }

  get state(): GitlabState {
    return this.standIn.state;
  }

  directoryOf(project: Pick<Project, 'path'>): string {
    return join(this.#repositories, `${project.path}.git`);
  }

  get repositoriesRoot(): string {
    return this.#repositories;
  }

  repositoryOf(project: Project): GitRepository {
    return new GitRepository(this.directoryOf(project));
  }

  /** The account of a token; undefined for none, a wrong, an expired or a revoked one. */
  accountOfToken(token: string): Account | undefined {
    const given = Buffer.from(token);
    return this.state.accounts.find((account) => {
      const known = Buffer.from(account.token);
      return (
        known.length > 0 && account.active && known.length === given.length && timingSafeEqual(known, given)
      );
    });
  }

  /** Who calls, by PRIVATE-TOKEN or bearer token. Throws 401, or 403 for a write with a read-only token. */
  callerOf(call: Asking): Account {
    const bearer = /^Bearer (.+)$/i.exec(call.header('authorization') ?? '')?.[1];
    const account = this.accountOfToken(call.header('private-token') ?? bearer ?? '');
    if (account === undefined) throw new Refusal(401, '401 Unauthorized');
    if (account.scope === 'read_api' && call.request.method !== 'GET') {
      throw new Refusal(403, 'The request requires higher privileges than provided by the access token.', {
        code: 'insufficient_scope',
      });
    }
    return account;
  }

  levelOf(project: Project, account: Account): number {
    return project.members.find((member) => member.username === account.username)?.level ?? 0;
  }

  /** The project of the path's `id`; a project without membership does not exist for the caller. */
  projectOf(call: Asking, needed: number = LEVEL.reporter): { project: Project; account: Account } {
    const account = this.callerOf(call);
    const id = call.param('id');
    const project = this.state.projects.find((one) => one.path === id || String(one.id) === id);
    const level = project === undefined ? 0 : this.levelOf(project, account);
    if (project === undefined || level === 0) throw new Refusal(404, '404 Project Not Found');
    if (level < needed) throw new Refusal(403, '403 Forbidden');
    return { project, account };
  }

  /** The rules of a branch, by name and by wildcard. */
  rulesOf(project: Project, branch: string): readonly ProtectedBranch[] {
    return project.protectedBranches.filter((rule) => {
      const parts = rule.name.split('*').map((part) => part.replaceAll(/[^\w/]/g, '\\$&'));
      return new RegExp(`^${parts.join('.*')}$`).test(branch);
    });
  }

  isProtected(project: Project, branch: string): boolean {
    return this.rulesOf(project, branch).length > 0;
  }

  /** Of several rules the most permissive one counts. */
  canPush(project: Project, account: Account, branch: string): boolean {
    const level = this.levelOf(project, account);
    const rules = this.rulesOf(project, branch);
    if (rules.length === 0) return level >= LEVEL.developer;
    return rules.some(
      (rule) => (rule.pushLevel > 0 && level >= rule.pushLevel) || rule.pushUsers.includes(account.username),
    );
  }

  /** Who may push may merge too. */
  canMerge(project: Project, account: Account, branch: string): boolean {
    const level = this.levelOf(project, account);
    return (
      this.canPush(project, account, branch) ||
      this.rulesOf(project, branch).some(
        (rule) =>
          (rule.mergeLevel > 0 && level >= rule.mergeLevel) || rule.mergeUsers.includes(account.username),
      )
    );
  }

  /** Runs one writer of a project after the other, as GitLab's lock on the repository does. */
  async writing<T>(project: Project, work: () => Promise<T>): Promise<T> {
    const before = this.#writers.get(project.id) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.#writers.set(project.id, settled);
    return mine;
  }

  /** The full id of a revision. Throws GitLab's 404. */
  async commitIdOf(project: Project, revision: string, notFound = '404 Commit Not Found'): Promise<string> {
    const id = await this.repositoryOf(project).resolve(revision);
    if (id === null) throw new Refusal(404, notFound);
    return id;
  }

  account(username: string): Account | undefined {
    return this.state.accounts.find((account) => account.username === username);
  }
}

/** Where the caller sees this GitLab, for links. */
export function originOf(call: Pick<Call, 'header'>): string {
  return `http://${call.header('host') ?? 'gitlab.invalid'}`;
}

const DEFAULT_PAGE = 20;
const LARGEST_PAGE = 100;

export interface PageWish {
  readonly page: number;
  readonly perPage: number;
}

export function pageOf(call: Call): PageWish {
  const whole = (name: string, otherwise: number): number => {
    const text = call.query(name);
    if (text === undefined) return otherwise;
    if (!/^\d+$/.test(text)) throw new Refusal(400, `${name} is invalid`, { code: 'parameter' });
    return Math.max(1, Number(text));
  };
  return { page: whole('page', 1), perPage: Math.min(whole('per_page', DEFAULT_PAGE), LARGEST_PAGE) };
}

/** One page of a list with GitLab's headers. `total` is left out where counting would be costly, as GitLab does. */
export function pageAnswer(call: Call, wish: PageWish, rows: readonly unknown[], total?: number): Answer {
  const more = total === undefined ? rows.length === wish.perPage : wish.page * wish.perPage < total;
  const url = new URL(call.request.url, `http://${call.header('host') ?? 'gitlab.invalid'}`);
  url.searchParams.set('per_page', String(wish.perPage));
  const link = (page: number, rel: string): string => {
    url.searchParams.set('page', String(page));
    return `<${url.href}>; rel="${rel}"`;
  };
  const links = [link(1, 'first')];
  if (more) links.unshift(link(wish.page + 1, 'next'));
  return {
    status: 200,
    body: rows,
    headers: {
      'x-page': String(wish.page),
      'x-per-page': String(wish.perPage),
      'x-next-page': more ? String(wish.page + 1) : '',
      'x-prev-page': wish.page > 1 ? String(wish.page - 1) : '',
      ...(total === undefined
        ? {}
        : {
            'x-total': String(total),
            'x-total-pages': String(Math.max(1, Math.ceil(total / wish.perPage))),
          }),
      link: links.join(', '),
    },
  };
}

/** A page of rows that are all at hand. */
export function pageOfAll<T>(call: Call, rows: readonly T[], show: (row: T) => unknown): Answer {
  const wish = pageOf(call);
  const from = (wish.page - 1) * wish.perPage;
  return pageAnswer(call, wish, rows.slice(from, from + wish.perPage).map(show), rows.length);
}

/** GitLab's error bodies: `message` as text or list, `error` for parameters and scopes. */
export function errorBody(refusal: Refusal): unknown {
  switch (refusal.code) {
    case 'parameter':
      return { error: refusal.message };
    case 'list':
      return { message: [refusal.message] };
    case 'insufficient_scope':
      return { error: refusal.code, error_description: refusal.message, scope: 'api' };
    default:
      return { message: refusal.message };
  }
}
