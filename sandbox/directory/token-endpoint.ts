import { timingSafeEqual } from 'node:crypto';
import Type from 'typebox';
import type { Answer, Call } from '../framework/operation.js';
import type { World } from '../world.js';
import { AUDIENCES, issueAccessToken } from './access-token.js';

const TokenRequest = Type.Record(Type.String(), Type.String());

/**
 * Entra ID's token endpoint for the client credentials grant (OAuth 2.0, RFC 6749 section 4.4), with the error codes
 * that Entra puts into `error_description`. It is not part of Graph's spec.
 */
export async function answerTokenRequest(world: World, call: Call, seconds: number): Promise<Answer> {
  if (call.param('tenant') !== world.entra.tenantId) {
    return refuse(400, 'invalid_request', `AADSTS90002: Tenant '${call.param('tenant')}' not found.`);
  }
  const form = call.body(TokenRequest);
  if (form.grant_type !== 'client_credentials') {
    return refuse(
      400,
      'unsupported_grant_type',
      `AADSTS70003: The app requested an unsupported grant type '${form.grant_type ?? ''}'.`,
    );
  }
  const client = world.entra.clients.find((candidate) => candidate.clientId === form.client_id);
  if (!client) {
    return refuse(
      400,
      'unauthorized_client',
      `AADSTS700016: Application with identifier '${form.client_id ?? ''}' was not found in the directory.`,
    );
  }
  if (!same(client.clientSecret, form.client_secret ?? '')) {
    return refuse(401, 'invalid_client', 'AADSTS7000215: Invalid client secret provided.');
  }
  const audience = Object.values(AUDIENCES).find((known) => form.scope === `${known}/.default`);
  if (!audience) {
    return refuse(
      400,
      'invalid_scope',
      `AADSTS70011: The provided value for the input parameter 'scope' is not valid: '${form.scope ?? ''}'.`,
    );
  }
  return {
    status: 200,
    body: {
      token_type: 'Bearer',
      expires_in: seconds,
      ext_expires_in: seconds,
      access_token: await issueAccessToken(world, client, audience, seconds),
    },
    headers: { 'cache-control': 'no-store' },
  };
}

function refuse(status: number, error: string, description: string): Answer {
  return { status, body: { error, error_description: description } };
}

function same(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
