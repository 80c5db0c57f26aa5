/** Who is invited: the listed people by the naming rule, and the members of groups by their own mail. */
import { inviteesOf, type ListedPerson } from '../domain/people.js';
import type { DirectoryClient } from '../systems/directory/client.js';

export interface InviteWish {
  readonly domain: string;
  /** e-mail addresses */
  readonly people: readonly string[];
  readonly groups: readonly string[];
}

export interface InviteeFinding {
  /** addresses, lower case, sorted, without repeats */
  readonly addresses: readonly string[];
  /** what stands in the way, each with its remedy */
  readonly faults: readonly string[];
  /** things to know, e.g. group members without a mail address */
  readonly notes: readonly string[];
}

/**
 * Looks everybody up; all faults at once.
 * @throws SystemError when the directory cannot answer
 */
export async function findInvitees(
  directory: DirectoryClient,
  wish: InviteWish,
  signal?: AbortSignal,
): Promise<InviteeFinding> {
  const listed = await listedPeople(directory, wish.people, signal);
  const named = inviteesOf(listed.people, wish.domain);
  const groups = await groupMails(directory, wish.groups, signal);
  const byName = named.ok ? named.invitees.map((invitee) => invitee.address) : [];
  return {
    addresses: [...new Set([...byName, ...groups.mails].map((address) => address.toLowerCase()))].sort(),
    faults: [
      ...listed.faults,
      ...(named.ok
        ? []
        : named.faults.map((fault) => `${fault.listedAs}: ${fault.message}. ${fault.remedy}`)),
      ...groups.faults,
    ],
    notes: groups.notes,
  };
}

async function listedPeople(
  directory: DirectoryClient,
  mails: readonly string[],
  signal?: AbortSignal,
): Promise<{ readonly people: readonly ListedPerson[]; readonly faults: readonly string[] }> {
  const people: ListedPerson[] = [];
  const faults: string[] = [];
  for (const mail of mails) {
    const user = await directory.userByMail(mail, signal);
    if (user === null) {
      faults.push(`${mail} is not in the directory. Correct the address, or have the person added`);
      continue;
    }
    people.push({
      personId: user.personId,
      listedAs: mail,
      ...(user.givenName === undefined ? {} : { givenName: user.givenName }),
      ...(user.surname === undefined ? {} : { surname: user.surname }),
      ...(user.mail === undefined ? {} : { mail: user.mail }),
    });
  }
  return { people, faults };
}

async function groupMails(
  directory: DirectoryClient,
  groups: readonly string[],
  signal?: AbortSignal,
): Promise<{
  readonly mails: readonly string[];
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}> {
  const mails: string[] = [];
  const faults: string[] = [];
  const notes: string[] = [];
  for (const group of groups) {
    const members = (await directory.groupMembers(group, signal)).filter((member) => member.enabled);
    const withMail = members.flatMap((member) => member.mail ?? []);
    mails.push(...withMail);
    if (withMail.length === 0) {
      faults.push(`group ${group} has no member with a mail address. Add members, or take the group out`);
    } else if (withMail.length < members.length) {
      notes.push(
        `${members.length - withMail.length} of group ${group} have no mail address and are not invited`,
      );
    }
  }
  return { mails, faults, notes };
}
