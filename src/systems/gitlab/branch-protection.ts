import Type, { type Static } from 'typebox';
import type { JsonRequester } from '../http/json-requester.js';
import { explainedNotFound, subjectOf } from './errors.js';
import { allPages } from './pages.js';

/** Most rules of a project. */
const MOST_RULES = 1_000;

const MaybeNumber = Type.Optional(Type.Union([Type.Integer(), Type.Null()]));
const AccessRow = Type.Object({
  access_level: MaybeNumber,
  user_id: MaybeNumber,
  group_id: MaybeNumber,
  deploy_key_id: MaybeNumber,
  member_role_id: MaybeNumber,
});
const RuleRow = Type.Object({
  name: Type.String(),
  push_access_levels: Type.Array(AccessRow),
  merge_access_levels: Type.Array(AccessRow),
  allow_force_push: Type.Boolean(),
  code_owner_approval_required: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
});

/** One who may: members from a level on (30 developer, 40 maintainer, 60 administrator), or one account, group or key. */
export type BranchRight =
  | { readonly kind: 'level'; readonly level: number }
  | { readonly kind: 'user'; readonly id: number }
  | { readonly kind: 'group'; readonly id: number }
  | { readonly kind: 'deploy-key'; readonly id: number }
  | { readonly kind: 'custom-role'; readonly id: number };

export interface BranchProtection {
  /** names of the rules that match, e.g. `main`, `release/*` */
  readonly rules: readonly string[];
  /** empty: nobody */
  readonly push: readonly BranchRight[];
  /** empty: nobody */
  readonly merge: readonly BranchRight[];
  readonly allowForcePush: boolean;
  readonly codeOwnerApproval: boolean;
}

/**
 * Reads the rules that match a branch; see `GitLabRepositories.protectedBranch`. GitLab's look-up by name does not know
 * wildcards, so the list is read and matched here. Of several rules the most permissive one counts, except for code
 * owners.
 */
export async function readProtection(
  http: JsonRequester,
  project: string,
  branch: string,
  signal: AbortSignal | undefined,
): Promise<BranchProtection | null> {
  const subject = subjectOf('list protected branches', project);
  try {
    const all = await allPages(http, subject, {
      path: ['projects', project, 'protected_branches'],
      row: RuleRow,
      most: MOST_RULES,
      what: 'protected branches',
      signal,
    });
    const rules = all.filter((rule) => matches(rule.name, branch));
    if (rules.length === 0) return null;
    return {
      rules: rules.map((rule) => rule.name),
      push: rules.flatMap((rule) => rule.push_access_levels.flatMap(rightOf)),
      merge: rules.flatMap((rule) => rule.merge_access_levels.flatMap(rightOf)),
      allowForcePush: rules.some((rule) => rule.allow_force_push),
      codeOwnerApproval: rules.some((rule) => rule.code_owner_approval_required === true),
    };
  } catch (error) {
    throw explainedNotFound(error, subject);
  }
}

function matches(rule: string, branch: string): boolean {
  const parts = rule.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(branch);
}

/** A rule for one account or key has a level too, that of the account: the ids are looked at first. */
function rightOf(row: Static<typeof AccessRow>): readonly BranchRight[] {
  if (row.user_id) return [{ kind: 'user', id: row.user_id }];
  if (row.group_id) return [{ kind: 'group', id: row.group_id }];
  if (row.deploy_key_id) return [{ kind: 'deploy-key', id: row.deploy_key_id }];
  if (row.member_role_id) return [{ kind: 'custom-role', id: row.member_role_id }];
  return row.access_level ? [{ kind: 'level', level: row.access_level }] : [];
}
