/**
 * A session that is longer than an access token: where to get the next one, in a file beside the token's, readable by its
 * owner only. Providers take a refresh token once, so one process at a time uses it.
 */
import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { writePrivately } from '../api/access-token.js';
import type { Client } from './provider.js';
import type { Tokens } from './tokens.js';

/** A token with less left than this is changed before a call, milliseconds: the call must arrive with it. */
const NEW_BEFORE_END_MS = 60_000;
/** How often and how long another process that is getting the next token is waited for, milliseconds. */
const LOOK_EVERY_MS = 50;
const LOCK_ENDS_AFTER_MS = 30_000;

const Kept = Type.Object({
  issuer: Type.String(),
  clientId: Type.String(),
  resource: Type.Optional(Type.String()),
  refreshToken: Type.String(),
  /** of the access token, milliseconds since the epoch */
  endsAtMs: Type.Number(),
});
type Kept = Static<typeof Kept>;

/** Beside the file of the access token. */
export function sessionFileOf(tokenFile: string): string {
  return `${tokenFile}.session`;
}

/**
 * Writes the access token, and what gives the next one where the provider gave that.
 * @param nowMs milliseconds since the epoch
 */
export function keepTokens(tokenFile: string, client: Client, tokens: Tokens, nowMs: number): void {
  const { refreshToken, expiresIn } = tokens;
  if (refreshToken === undefined || expiresIn === undefined)
    rmSync(sessionFileOf(tokenFile), { force: true });
  else {
    const kept: Kept = { ...client, refreshToken, endsAtMs: nowMs + expiresIn * 1_000 };
    writePrivately(sessionFileOf(tokenFile), JSON.stringify(kept));
  }
  writePrivately(tokenFile, tokens.accessToken);
}

/**
 * Changes an access token that is about to end for the next one. What goes wrong is no error here: the API refuses a token
 * that has ended, and says to sign in.
 */
export async function renewed(tokenFile: string, now: () => number): Promise<void> {
  if (!endsSoon(keptAt(tokenFile), now())) return;
  const lock = `${sessionFileOf(tokenFile)}.lock`;
  while (!taken(lock)) {
    await pause(LOOK_EVERY_MS);
    if (!endsSoon(keptAt(tokenFile), now())) return;
  }
  try {
    const kept = keptAt(tokenFile);
    if (kept === undefined || !endsSoon(kept, now())) return;
    const { refreshToken, endsAtMs: _, ...client } = kept;
    const { nextTokens } = await import('./refresh.js');
    keepTokens(tokenFile, client, await nextTokens(client, refreshToken), now());
  } catch {
    // see above
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Ends the session at the provider, as far as it can be told. @returns whether it was told */
export async function endSession(tokenFile: string): Promise<boolean> {
  const kept = keptAt(tokenFile);
  rmSync(sessionFileOf(tokenFile), { force: true });
  if (kept === undefined) return false;
  try {
    const { revoke } = await import('./refresh.js');
    await revoke(kept, kept.refreshToken);
    return true;
  } catch {
    return false;
  }
}

function keptAt(tokenFile: string): Kept | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(sessionFileOf(tokenFile), 'utf8'));
    return Value.Check(Kept, found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function endsSoon(kept: Kept | undefined, nowMs: number): boolean {
  return kept !== undefined && kept.endsAtMs - nowMs < NEW_BEFORE_END_MS;
}

/** A folder is made by one process alone; one that was killed meanwhile leaves it. */
function taken(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    try {
      if (Date.now() - statSync(lock).mtimeMs > LOCK_ENDS_AFTER_MS) rmdirSync(lock);
    } catch {
      // it has just gone
    }
    return false;
  }
}
