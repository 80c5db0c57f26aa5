import { Refusal } from '../framework/refusal.js';
import { type Gitlab, originOf, pageOfAll } from './gitlab.js';
import { basicUserJson, projectJson, userJson } from './representations.js';
import { LEVEL } from './state.js';

/** The project itself, people, and the version of the server. */
export function addProjectRoutes(gitlab: Gitlab): void {
  gitlab.standIn.operation({
    id: 'getProject',
    method: 'GET',
    path: '/api/v4/projects/:id',
    handle: async (call) => {
      const { project, account } = gitlab.projectOf(call, LEVEL.guest);
      return { status: 200, body: projectJson(project, gitlab.levelOf(project, account), originOf(call)) };
    },
  });

  gitlab.standIn.operation({
    id: 'listUsers',
    method: 'GET',
    path: '/api/v4/users',
    handle: async (call) => {
      gitlab.callerOf(call);
      const username = call.query('username')?.toLowerCase();
      const search = call.query('search')?.toLowerCase();
      const found = gitlab.state.accounts.filter(
        (account) =>
          (username === undefined || account.username.toLowerCase() === username) &&
          (search === undefined || `${account.name} ${account.username}`.toLowerCase().includes(search)),
      );
      return pageOfAll(call, found, (account) => basicUserJson(account, originOf(call)));
    },
  });

  gitlab.standIn.operation({
    id: 'getUser',
    method: 'GET',
    path: '/api/v4/users/:id',
    handle: (call) => {
      const caller = gitlab.callerOf(call);
      const found = gitlab.state.accounts.find((account) => String(account.id) === call.param('id'));
      if (found === undefined) throw new Refusal(404, '404 User Not Found');
      return { status: 200, body: userJson(found, caller.admin, originOf(call)) };
    },
  });

  gitlab.standIn.operation({
    id: 'getCurrentUser',
    method: 'GET',
    path: '/api/v4/user',
    handle: (call) => {
      const account = gitlab.callerOf(call);
      return { status: 200, body: { ...basicUserJson(account, originOf(call)), email: account.email } };
    },
  });

  gitlab.standIn.operation({
    id: 'getVersion',
    method: 'GET',
    path: '/api/v4/version',
    handle: (call) => {
      gitlab.callerOf(call);
      return { status: 200, body: { version: '18.5.1-ee', revision: '5b5d1d5a1d9' } };
    },
  });
}
