import { parseScope, signToken } from './access.js';
import { type Harbor, SERVICE } from './harbor.js';

/** The token service of the registry (distribution's token specification): rights as asked, as far as the user has them. */
export function addTokenRoute(harbor: Harbor): void {
  harbor.standIn.operation({
    id: 'get registry token',
    method: 'GET',
    path: '/service/token',
    // anybody may ask, and is told nothing that is not public
    open: true,
    unchecked: true,
    handle: (call) => {
      const user = harbor.userOf(call.header('authorization'));
      const { searchParams } = new URL(call.request.url, 'http://harbor.invalid');
      const access = searchParams
        .getAll('scope')
        .flatMap((scope) => scope.split(' '))
        .flatMap((scope) => parseScope(scope) ?? [])
        .map(({ name, actions }) => ({
          name,
          actions: harbor.actionsIn(name, user).filter((action) => actions.includes(action)),
        }))
        .filter(({ actions }) => actions.length > 0);
      const { tokenSeconds } = harbor.settings;
      const known = searchParams.get('service') === SERVICE;
      const token = signToken(
        {
          sub: user?.name ?? '',
          exp: Math.floor(Date.now() / 1000) + tokenSeconds,
          access: known ? access : [],
        },
        harbor.state.signingKey,
      );
      const body = {
        token,
        access_token: token,
        expires_in: tokenSeconds,
        issued_at: new Date().toISOString(),
      };
      return { status: 200, body };
    },
  });
}
