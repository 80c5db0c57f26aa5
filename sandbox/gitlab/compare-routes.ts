import { Refusal } from '../framework/refusal.js';
import { type Gitlab, originOf } from './gitlab.js';
import { commitJson } from './representations.js';

/** Comparison of two revisions, and their best common ancestor. */
export function addCompareRoutes(gitlab: Gitlab): void {
  gitlab.standIn.operation({
    id: 'compareRefs',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/compare',
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const repository = gitlab.repositoryOf(project);
      const from = await gitlab.commitIdOf(project, call.query('from') ?? '', '404 Ref Not Found');
      const to = await gitlab.commitIdOf(project, call.query('to') ?? '', '404 Ref Not Found');
      const base =
        call.query('straight') === 'true' ? from : ((await repository.mergeBase(from, to)) ?? from);
      const commits = (await repository.log({ revision: `${from}..${to}`, limit: 1000 })).reverse();
      const shown = commits.map((commit) => commitJson(commit, project, originOf(call)));
      const diffs = await repository.diff(base, to);
      const most = gitlab.standIn.settings.compareFiles;
      return {
        status: 200,
        body: {
          commit: shown.at(-1) ?? null,
          commits: shown,
          diffs: diffs.slice(0, most).map((file) => ({
            old_path: file.oldPath,
            new_path: file.path,
            a_mode: file.status === 'A' ? '0' : '100644',
            b_mode: file.status === 'D' ? '0' : '100644',
            diff: file.diff,
            new_file: file.status === 'A',
            renamed_file: file.status === 'R',
            deleted_file: file.status === 'D',
          })),
          compare_timeout: diffs.length > most,
          compare_same_ref: from === to,
          web_url: `${originOf(call)}/${project.path}/-/compare/${from}...${to}`,
        },
      };
    },
  });

  gitlab.standIn.operation({
    id: 'getMergeBase',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/merge_base',
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const refs = new URL(call.request.url, 'http://gitlab.invalid').searchParams.getAll('refs[]');
      if (refs.length < 2) throw new Refusal(400, 'Provide at least 2 refs', { code: 'parameter' });
      const repository = gitlab.repositoryOf(project);
      const ids: string[] = [];
      for (const ref of refs) {
        const id = await repository.resolve(ref);
        if (id === null) throw new Refusal(400, `Could not find ref: ${ref}`);
        ids.push(id);
      }
      let base: string | null = ids[0] ?? null;
      for (const id of ids.slice(1)) base = base === null ? null : await repository.mergeBase(base, id);
      if (base === null) throw new Refusal(404, '404 Merge Base Not Found');
      return { status: 200, body: commitJson(await repository.commitInfo(base), project, originOf(call)) };
    },
  });
}
