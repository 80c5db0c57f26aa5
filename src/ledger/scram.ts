/** SCRAM-SHA-256 verifiers as Postgres keeps them (RFC 5803; PostgreSQL documentation, `pg_authid.rolpassword`). */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** Postgres' own default (`scram_iterations`). */
const ITERATIONS = 4096;

/**
 * @param password printable ASCII, so that no normalisation (SASLprep) changes it
 * @returns what `ALTER ROLE … PASSWORD` takes in place of the password
 */
export function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const keyOf = (name: string): Buffer => createHmac('sha256', salted).update(name).digest();
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  const serverKey = keyOf('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
