/**
 * Under which address a person is invited: `given.surname@<company domain>` in lower case, made from the names that the
 * directory holds. The rule, in the order in which it is applied:
 *
 * 1. Names are put in lower case. `ä ö ü ß` become `ae oe ue ss`; the letters in `LETTERS` become what stands there; every
 *    other letter with a mark loses the mark (`é` → `e`, `å` → `a`).
 * 2. Apostrophes and full stops are dropped (`O'Neill` → `oneill`, `J.` → `j`).
 * 3. Double names keep their hyphen (`Jäger-Müller` → `jaeger-mueller`). Names of several words get hyphens in place of
 *    the spaces (`Anna Lena` → `anna-lena`, `van der Berg` → `van-der-berg`), because a full stop stands between given
 *    name and surname only and running words together makes other names.
 * 4. What is left must be letters a to z, digits and hyphens. A name in another script, or with a comma or brackets in
 *    it, is a fault: nobody guesses.
 * 5. A missing given name or surname is a fault.
 * 6. One address never stands for two people. When two or more people of a list come to the same address, each of them is
 *    invited under the directory's own mail, provided that all of them have one in the company domain and that none of
 *    these is anybody else's address on the list. Otherwise every one of them is a fault. The same person listed twice is
 *    one invitation.
 *
 * The answer depends on the people alone, never on the order of the list.
 */

/** What the rule needs to know of a person. */
export interface ListedPerson {
  /** tells people apart: the directory's person id */
  readonly personId: string;
  /** how people call this person in a message, e.g. the address on the list */
  readonly listedAs: string;
  readonly givenName?: string;
  readonly surname?: string;
  /** the directory's own mail */
  readonly mail?: string;
}

export interface Invitee {
  readonly personId: string;
  readonly listedAs: string;
  /** lower case */
  readonly address: string;
  /** `name`: given.surname; `directory-mail`: because the name alone would be somebody else's too */
  readonly from: 'name' | 'directory-mail';
}

export interface PersonFault {
  readonly listedAs: string;
  readonly message: string;
  readonly remedy: string;
}

/** All invitees, or all faults at once, sorted by `listedAs`. */
export type InviteeResult =
  | { readonly ok: true; readonly invitees: readonly Invitee[] }
  | { readonly ok: false; readonly faults: readonly PersonFault[] };

/** Letters that are more than a letter with a mark, or that Unicode does not take apart. */
const LETTERS: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'oe',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ŧ: 't',
  ŋ: 'ng',
  ı: 'i',
  ĳ: 'ij',
};

/** The longest part before the `@` that mail allows (RFC 5321, section 4.5.3.1.1). */
const LONGEST_LOCAL_PART = 64;

/**
 * Applies the rule above to one list.
 * @param domain the company domain, e.g. `example.com`
 */
export function inviteesOf(people: readonly ListedPerson[], domain: string): InviteeResult {
  const company = domain.toLowerCase();
  const faults: PersonFault[] = [];
  const named: Named[] = [];
  for (const person of eachOnce(people)) {
    const local = localPartOf(person);
    if (typeof local === 'string') named.push({ person, address: `${local}@${company}` });
    else faults.push(local);
  }

  const chosen: Invitee[] = [];
  for (const sharers of byAddress(named)) {
    const result = chooseAddresses(sharers, company);
    if (result.ok) chosen.push(...result.invitees);
    else faults.push(...result.faults);
  }
  // A mail that stepped in for a shared name may still be what somebody else's name comes to.
  for (const holders of byAddress(chosen)) {
    if (holders.length > 1) faults.push(...holders.map((holder) => sharedFault(holder, holders)));
  }

  if (faults.length > 0) return { ok: false, faults: inOrder(faults) };
  return { ok: true, invitees: inOrder(chosen) };
}

interface Named {
  readonly person: ListedPerson;
  readonly address: string;
}

/** The same person under several entries counts once, under the entry that sorts first. */
function eachOnce(people: readonly ListedPerson[]): ListedPerson[] {
  const seen = new Set<string>();
  return inOrder(people).filter(({ personId }) => !seen.has(personId) && seen.add(personId));
}

/** Rules 1 to 5 for one person. */
function localPartOf(person: ListedPerson): string | PersonFault {
  const parts: string[] = [];
  for (const [what, name] of [
    ['given name', person.givenName],
    ['surname', person.surname],
  ] as const) {
    const part = name === undefined ? '' : plain(name);
    if (part === '') {
      return {
        listedAs: person.listedAs,
        message: `The directory has no ${what} for ${person.listedAs}.`,
        remedy: `Complete the ${what} in the directory, or invite the person through a group: its members' mail is used as it is.`,
      };
    }
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part)) {
      return {
        listedAs: person.listedAs,
        message: `The ${what} of ${person.listedAs} cannot be written in the letters a to z.`,
        remedy: "Invite the person through a group: its members' mail is used as it is.",
      };
    }
    parts.push(part);
  }
  const local = parts.join('.');
  if (local.length <= LONGEST_LOCAL_PART) return local;
  return {
    listedAs: person.listedAs,
    message: `The name of ${person.listedAs} makes an address of more than ${LONGEST_LOCAL_PART} characters before the @.`,
    remedy: "Invite the person through a group: its members' mail is used as it is.",
  };
}

/** Rules 1 to 3 for one name. */
function plain(name: string): string {
  return [...name.normalize('NFC').toLowerCase()]
    .map((letter) => LETTERS[letter] ?? letter)
    .join('')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/['’‘ʼʹ´`.]/g, '')
    .replace(/[\s\p{Pd}−]+/gu, '-')
    .replace(/^-+|-+$/g, '');
}

/** Rule 6 for the people whose names come to one address. */
function chooseAddresses(sharers: readonly Named[], company: string): InviteeResult {
  if (sharers.length === 1) return { ok: true, invitees: sharers.map((one) => inviteeOf(one, 'name')) };
  const own = sharers.flatMap(({ person }) => {
    const mail = person.mail?.toLowerCase();
    return mail?.endsWith(`@${company}`) ? [{ person, address: mail }] : [];
  });
  if (own.length === sharers.length) {
    return { ok: true, invitees: own.map((one) => inviteeOf(one, 'directory-mail')) };
  }
  const holders = sharers.map((one) => inviteeOf(one, 'name'));
  return { ok: false, faults: holders.map((holder) => sharedFault(holder, holders)) };
}

function inviteeOf({ person, address }: Named, from: Invitee['from']): Invitee {
  return { personId: person.personId, listedAs: person.listedAs, address, from };
}

function sharedFault(holder: Invitee, holders: readonly Invitee[]): PersonFault {
  const others = holders.filter(({ personId }) => personId !== holder.personId);
  const names = inOrder(others).map(({ listedAs }) => listedAs);
  return {
    listedAs: holder.listedAs,
    message: `${holder.listedAs} would be invited as ${holder.address}, and so would ${names.join(', ')}.`,
    remedy:
      'Give each of them a mail address of their own in the company domain in the directory, or invite them through a group.',
  };
}

function byAddress<T extends { readonly address: string }>(items: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.address, [...(groups.get(item.address) ?? []), item]);
  return [...groups.values()];
}

/** Sorted by code units, which are the same on every machine. */
function inOrder<T extends { readonly listedAs: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (a.listedAs < b.listedAs ? -1 : a.listedAs > b.listedAs ? 1 : 0));
}
