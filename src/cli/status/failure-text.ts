/** A failure for people: system, what is wrong, remedy, and the command that goes on. */
import type { Failure, Status } from '../api/answers.js';
import { systemLabel } from '../output/system-label.js';
import { harmless } from '../output/text.js';

/** `Key Vault: secret is soft-deleted.` */
export function failureText({ system, message }: Failure): string {
  return `${systemLabel(system)}: ${sentence(harmless(message))}`;
}

/** What to do: `Recover or purge it.`, or with a command that follows: `Recover or purge it, then:` */
export function remedyText({ remedy }: Failure, commandFollows: boolean): string {
  const text = sentence(harmless(remedy));
  return commandFollows ? `${text.slice(0, -1)}, then:` : text;
}

/** The call that failed: `set secret otterize-cloud-client-id in kv-harbour-09-prod`. */
export function failedCall({ operation, object }: Failure): string {
  return harmless(`${operation} ${object}`);
}

/** Tries a target again. */
export function retryCommand({ id, kind }: Pick<Status, 'id' | 'kind'>, target: string): string {
  return `gatehouse retry ${id} --${kind === 'Promotion' ? 'place' : 'cluster'} ${target}`;
}

function sentence(text: string): string {
  return `${text.trim().replace(/\.$/, '')}.`;
}
