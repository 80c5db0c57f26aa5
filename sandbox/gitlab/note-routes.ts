import Type from 'typebox';
import type { Answer } from '../framework/operation.js';
import { type Gitlab, originOf, pageOfAll } from './gitlab.js';
import type { MergeRequests } from './merge-requests.js';
import { quickActions } from './quick-actions.js';
import { noteJson } from './representations.js';

const NewNote = Type.Object({ body: Type.String({ minLength: 1 }) });

/** Notes of a merge request: list and create. */
export function addNoteRoutes(gitlab: Gitlab, requests: MergeRequests): void {
  const path = '/api/v4/projects/:id/merge_requests/:merge_request_iid/notes';

  gitlab.standIn.operation({
    id: 'listMergeRequestNotes',
    method: 'GET',
    path,
    handle: (call) => {
      const { project } = gitlab.projectOf(call);
      const request = requests.get(project, call.param('merge_request_iid'));
      const notes = call.query('sort') === 'asc' ? request.notes : [...request.notes].reverse();
      return pageOfAll(call, notes, (note) =>
        noteJson(note, gitlab.account(note.author), request, originOf(call)),
      );
    },
  });

  gitlab.standIn.operation({
    id: 'createMergeRequestNote',
    method: 'POST',
    path,
    handle: async (call): Promise<Answer> => {
      const { project, account } = gitlab.projectOf(call);
      const request = requests.get(project, call.param('merge_request_iid'));
      const { text, apply } = quickActions(call.body(NewNote).body);
      const sha = await requests.shaOf(project, request);
      const key = `${project.path}!${request.iid}`;
      if (apply !== null) call.change('changed', `merge request ${key}`, () => apply(request, sha));
      // nothing but commands: no note
      if (text === '') return { status: 202, body: { commands_changes: {}, summary: ['Carried out.'] } };
      const note = {
        id: gitlab.state.nextId,
        author: account.username,
        body: text,
        system: false,
        createdAt: new Date().toISOString(),
      };
      call.change('created', `note ${key} ${note.id}`, () => {
        gitlab.state.nextId += 1;
        request.notes.push(note);
      });
      return { status: 201, body: noteJson(note, account, request, originOf(call)) };
    },
  });
}
