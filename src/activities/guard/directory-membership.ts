/** Membership looked up in the directory, kept for a short time: a rollout asks the same question hundreds of times. */
import type { DirectoryClient } from '../../systems/directory/client.js';
import type { MembershipFacts } from './authority.js';

/** How long an answer counts, in milliseconds: who leaves a group is out of the running rollout within a minute. */
const KEEP_MS = 60_000;

interface Kept<T> {
  readonly untilMs: number;
  readonly answer: Promise<T>;
}

export class DirectoryMembership implements MembershipFacts {
  private readonly directory: DirectoryClient;
  private readonly members = new Map<string, Kept<ReadonlySet<string>>>();
  private readonly persons = new Map<string, Kept<string | null>>();
  private readonly now: () => number;

  /** @param now milliseconds since 1970; tests give their own */
  constructor(directory: DirectoryClient, now: () => number = Date.now) {
    this.directory = directory;
    this.now = now;
  }

  /** True when this very account, not an alias of its person, is an enabled member of the group. */
  async isMember(accountId: string, groupId: string): Promise<boolean> {
    const members = await this.keep(this.members, groupId, async () => {
      const users = await this.directory.groupMembers(groupId);
      return new Set(users.filter((user) => user.enabled).map((user) => user.id));
    });
    return members.has(accountId);
  }

  async personIdOf(accountId: string): Promise<string | null> {
    return await this.keep(this.persons, accountId, async () => {
      const person = await this.directory.personOf(accountId);
      return person?.personId ?? null;
    });
  }

  /** A failed look-up is never kept: unknown is not "none". */
  private keep<T>(kept: Map<string, Kept<T>>, key: string, ask: () => Promise<T>): Promise<T> {
    const known = kept.get(key);
    if (known !== undefined && known.untilMs > this.now()) return known.answer;
    const answer = ask();
    kept.set(key, { untilMs: this.now() + KEEP_MS, answer });
    answer.catch(() => kept.delete(key));
    return answer;
  }
}
