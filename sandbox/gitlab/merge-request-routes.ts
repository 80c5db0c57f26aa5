import Type from 'typebox';
import { Refusal } from '../framework/refusal.js';
import { type Gitlab, originOf, pageAnswer, pageOf } from './gitlab.js';
import type { MergeRequests } from './merge-requests.js';
import { afterPush, type Moved } from './pushes.js';
import { quickActions } from './quick-actions.js';
import { LEVEL, type MergeRequest, type Project } from './state.js';

const Labels = Type.Union([Type.String(), Type.Array(Type.String())]);
const NewMergeRequest = Type.Object({
  source_branch: Type.String(),
  target_branch: Type.String(),
  title: Type.String(),
  description: Type.Optional(Type.String()),
  labels: Type.Optional(Labels),
  remove_source_branch: Type.Optional(Type.Boolean()),
  squash: Type.Optional(Type.Boolean()),
});
const ChangedMergeRequest = Type.Object({
  title: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  labels: Type.Optional(Labels),
  state_event: Type.Optional(Type.Union([Type.Literal('close'), Type.Literal('reopen')])),
});
const Acceptance = Type.Object({
  sha: Type.Optional(Type.String()),
  squash: Type.Optional(Type.Boolean()),
  should_remove_source_branch: Type.Optional(Type.Boolean()),
  merge_commit_message: Type.Optional(Type.String()),
});

function labelsOf(labels: string | string[] | undefined): string[] {
  if (labels === undefined) return [];
  return (typeof labels === 'string' ? labels.split(',') : labels).filter((label) => label !== '');
}

/** Merge requests: create, read, change, merge. */
export function addMergeRequestRoutes(gitlab: Gitlab, requests: MergeRequests): void {
  const base = '/api/v4/projects/:id/merge_requests';
  const one = `${base}/:merge_request_iid`;
  const key = (project: Project, request: MergeRequest): string =>
    `merge request ${project.path}!${request.iid}`;

  gitlab.standIn.operation({
    id: 'createMergeRequest',
    method: 'POST',
    path: base,
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call, LEVEL.developer);
      const body = call.body(NewMergeRequest);
      const repository = gitlab.repositoryOf(project);
      if (body.source_branch === body.target_branch) {
        throw new Refusal(422, "You can't use same project/branch for source and target", { code: 'list' });
      }
      for (const [side, branch] of [
        ['Source', body.source_branch],
        ['Target', body.target_branch],
      ] as const) {
        if ((await repository.branchHead(branch)) === null) {
          throw new Refusal(400, `${side} branch "${branch}" does not exist`, { code: 'list' });
        }
      }
      const open = requests
        .of(project)
        .find(
          (request) =>
            request.state === 'opened' &&
            request.sourceBranch === body.source_branch &&
            request.targetBranch === body.target_branch,
        );
      if (open !== undefined) {
        throw new Refusal(
          409,
          `Another open merge request already exists for this source branch: !${open.iid}`,
          { code: 'list' },
        );
      }
      const now = new Date().toISOString();
      const description = quickActions(body.description ?? '');
      const head = (await repository.branchHead(body.source_branch)) ?? '';
      const made: MergeRequest = {
        id: gitlab.state.nextId,
        iid: requests.of(project).length + 1,
        projectId: project.id,
        sourceBranch: body.source_branch,
        targetBranch: body.target_branch,
        title: body.title,
        description: description.text,
        labels: labelsOf(body.labels),
        state: 'opened',
        author: account.username,
        createdAt: now,
        updatedAt: now,
        mergedAt: '',
        mergeUser: '',
        sha: '',
        mergeCommitSha: '',
        squashCommitSha: '',
        removeSourceBranch: body.remove_source_branch ?? false,
        squash: body.squash ?? false,
        shownStatus: 'preparing',
        setStatus: '',
        seenTarget: '',
        lockedReads: 0,
        landedReads: 0,
        notes: [],
        checksPending: gitlab.standIn.settings.mergeChecks,
        approvals: [],
      };
      call.change('created', key(project, made), () => {
        gitlab.state.nextId += 1;
        gitlab.state.mergeRequests.push(made);
        description.apply?.(made, head);
      });
      const shown = await requests.json(project, made, originOf(call));
      if (made.checksPending > 0) shown.detailed_merge_status = 'preparing';
      return { status: 201, body: shown };
    },
  });

  gitlab.standIn.operation({
    id: 'listMergeRequests',
    method: 'GET',
    path: base,
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const wanted = (name: string, value: string): boolean => (call.query(name) ?? value) === value;
      const state = call.query('state') ?? 'all';
      const found = requests
        .of(project)
        .filter(
          (request) =>
            (state === 'all' || request.state === state) &&
            wanted('source_branch', request.sourceBranch) &&
            wanted('target_branch', request.targetBranch),
        )
        // ids rise with time, so this is the order of creation
        .sort((one, other) => (call.query('sort') === 'asc' ? one.id - other.id : other.id - one.id));
      const wish = pageOf(call);
      const from = (wish.page - 1) * wish.perPage;
      const rows = await Promise.all(
        found
          .slice(from, from + wish.perPage)
          .map((request) => requests.listedJson(project, request, originOf(call))),
      );
      return pageAnswer(call, wish, rows, found.length);
    },
  });

  gitlab.standIn.operation({
    id: 'getMergeRequest',
    method: 'GET',
    path: one,
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const request = requests.get(project, call.param('merge_request_iid'));
      return { status: 200, body: await requests.read(project, request, originOf(call)) };
    },
  });

  gitlab.standIn.operation({
    id: 'updateMergeRequest',
    method: 'PUT',
    path: one,
    handle: async (call) => {
      const { project } = gitlab.projectOf(call, LEVEL.developer);
      const request = requests.get(project, call.param('merge_request_iid'));
      const body = call.body(ChangedMergeRequest);
      const sha = await requests.shaOf(project, request);
      call.change('changed', key(project, request), () => {
        request.title = body.title ?? request.title;
        request.description = body.description ?? request.description;
        if (body.labels !== undefined) request.labels = labelsOf(body.labels);
        if (body.state_event === 'close' && request.state === 'opened') {
          request.state = 'closed';
          request.sha = sha;
        }
        if (body.state_event === 'reopen' && request.state === 'closed') request.state = 'opened';
        request.updatedAt = new Date().toISOString();
      });
      return { status: 200, body: await requests.json(project, request, originOf(call)) };
    },
  });

  gitlab.standIn.operation({
    id: 'acceptMergeRequest',
    method: 'PUT',
    path: `${one}/merge`,
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call);
      const request = requests.get(project, call.param('merge_request_iid'));
      const body = call.body(Acceptance);
      await gitlab.writing(project, async () => {
        const repository = gitlab.repositoryOf(project);
        const before = await repository.branchHead(request.targetBranch);
        const merged = await requests.merge(project, request, account, {
          squash: body.squash ?? request.squash,
          ...(body.sha === undefined ? {} : { sha: body.sha }),
          ...(body.merge_commit_message === undefined ? {} : { message: body.merge_commit_message }),
        });
        const now = new Date().toISOString();
        const { lockedReads, landedReads } = gitlab.standIn.settings;
        call.change('changed', `${key(project, request)} merged`, () => {
          Object.assign(request, merged, {
            state: 'merged',
            mergedAt: now,
            updatedAt: now,
            mergeUser: account.username,
            squash: body.squash ?? request.squash,
            lockedReads,
            landedReads,
          });
        });
        const after = await repository.branchHead(request.targetBranch);
        const moved: Moved[] = [{ branch: request.targetBranch, from: before, to: after }];
        if (body.should_remove_source_branch ?? request.removeSourceBranch) {
          await repository.removeBranch(request.sourceBranch, merged.sha);
          moved.push({ branch: request.sourceBranch, from: merged.sha, to: null });
        }
        for (const one of moved) await afterPush(gitlab, project, account, [one]);
      });
      return { status: 200, body: await requests.json(project, request, originOf(call)) };
    },
  });
}
