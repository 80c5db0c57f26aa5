import { describe, expect, it } from 'vitest';
import { inviteesOf, type ListedPerson } from '../../src/domain/people.js';

const DOMAIN = 'example.com';

function person(givenName: string, surname: string, more: Partial<ListedPerson> = {}): ListedPerson {
  const listedAs = more.listedAs ?? `${givenName} ${surname}`;
  return { personId: `id of ${listedAs}`, listedAs, givenName, surname, ...more };
}

function addressOf(givenName: string, surname: string): string | undefined {
  const result = inviteesOf([person(givenName, surname)], DOMAIN);
  return result.ok ? result.invitees[0]?.address : undefined;
}

function faultsOf(people: readonly ListedPerson[]): readonly string[] {
  const result = inviteesOf(people, DOMAIN);
  return result.ok ? [] : result.faults.map((fault) => fault.message);
}

describe('the address that a name makes', () => {
  it.each([
    ['Ada', 'Lovelace', 'ada.lovelace@example.com'],
    ['Dora', 'Jäger-Müller', 'dora.jaeger-mueller@example.com'],
    ['Anna Lena', 'Groß', 'anna-lena.gross@example.com'],
    ['Anna-Lena', 'Groß', 'anna-lena.gross@example.com'],
    ['Emil', 'Sørensen', 'emil.soerensen@example.com'],
    ['Fay', "O'Neill", 'fay.oneill@example.com'],
    ['Fay', 'O’Neill', 'fay.oneill@example.com'],
    ['René', 'Łuczak', 'rene.luczak@example.com'],
    ['Åsa', 'Çelik', 'asa.celik@example.com'],
    ['İpek', 'Işık', 'ipek.isik@example.com'],
    ['Æthel', 'Þórsdóttir', 'aethel.thorsdottir@example.com'],
    ['Jan', 'van der Berg', 'jan.van-der-berg@example.com'],
    ['J. R.', 'Ewing', 'j-r.ewing@example.com'],
    ['  Ada  ', 'King –  Noel ', 'ada.king-noel@example.com'],
    ['ÖZGE', 'STRAẞER', 'oezge.strasser@example.com'],
  ])('%s %s is %s', (givenName, surname, address) => {
    expect(addressOf(givenName, surname)).toBe(address);
  });

  it('is the same for composed and decomposed letters', () => {
    expect(addressOf('Jörg'.normalize('NFD'), 'Müller'.normalize('NFD'))).toBe('joerg.mueller@example.com');
  });

  it('takes the domain in lower case', () => {
    expect(inviteesOf([person('Ada', 'Lovelace')], 'Example.COM')).toMatchObject({
      ok: true,
      invitees: [{ address: 'ada.lovelace@example.com', from: 'name' }],
    });
  });
});

describe('a name that makes no address', () => {
  it('is a fault that names the person when the surname or the given name is missing', () => {
    const people: ListedPerson[] = [
      { personId: '1', listedAs: 'printer@example.com', givenName: 'Printer' },
      { personId: '2', listedAs: 'cher@example.com', surname: '  ' },
    ];
    expect(faultsOf(people)).toEqual([
      'The directory has no given name for cher@example.com.',
      'The directory has no surname for printer@example.com.',
    ]);
  });

  it.each([
    ['Ольга', 'Петрова'],
    ['Ada', 'Lovelace (external)'],
    ['Ada', 'Lovelace, Countess'],
    ['Ada', 'x@evil.example'],
  ])('is a fault when it is not of Latin letters: %s %s', (givenName, surname) => {
    expect(faultsOf([person(givenName, surname, { listedAs: 'p' })])).toEqual([
      expect.stringMatching(/^The (given name|surname) of p cannot be written/),
    ]);
  });

  it('is a fault when the address would be too long for mail', () => {
    expect(faultsOf([person('a'.repeat(32), 'b'.repeat(32))])).toHaveLength(1);
    expect(faultsOf([person('a'.repeat(32), 'b'.repeat(31))])).toHaveLength(0);
  });

  it('lets nobody through when one on the list is a fault', () => {
    const result = inviteesOf([person('Ada', 'Lovelace'), { personId: '2', listedAs: 'x' }], DOMAIN);
    expect(result.ok).toBe(false);
  });
});

describe('two people of one name', () => {
  const first = person('Max', 'Weber', { listedAs: 'a', mail: 'Max.Weber@example.com' });
  const second = person('Max', 'Weber', { listedAs: 'b', mail: 'max.weber2@example.com' });
  const ada = person('Ada', 'Lovelace', { listedAs: 'c', mail: 'countess@example.com' });

  it('are invited under the mail that the directory has for each, others under their name', () => {
    expect(inviteesOf([first, second, ada], DOMAIN)).toEqual({
      ok: true,
      invitees: [
        {
          personId: first.personId,
          listedAs: 'a',
          address: 'max.weber@example.com',
          from: 'directory-mail',
        },
        {
          personId: second.personId,
          listedAs: 'b',
          address: 'max.weber2@example.com',
          from: 'directory-mail',
        },
        { personId: ada.personId, listedAs: 'c', address: 'ada.lovelace@example.com', from: 'name' },
      ],
    });
  });

  it('are both faults when one has no mail in the company domain', () => {
    const outside = { ...second, mail: 'max@elsewhere.example' };
    expect(faultsOf([first, outside, ada])).toEqual([
      'a would be invited as max.weber@example.com, and so would b.',
      'b would be invited as max.weber@example.com, and so would a.',
    ]);
  });

  it('are not taken in by a domain that only ends like the company domain', () => {
    const lookalike = { ...second, mail: 'max.weber2@notexample.com' };
    expect(faultsOf([first, lookalike])).toHaveLength(2);
  });

  it('are faults when the directory gives both the same mail', () => {
    expect(faultsOf([first, { ...second, mail: 'max.weber@example.com' }])).toHaveLength(2);
  });

  it('are faults together with the third whose name makes one of their mails', () => {
    const third = person('Max', 'Weber2', { listedAs: 'd' });
    expect(faultsOf([first, second, third])).toEqual([
      'b would be invited as max.weber2@example.com, and so would d.',
      'd would be invited as max.weber2@example.com, and so would b.',
    ]);
  });

  it('collide also when their names differ in spelling only', () => {
    const mueller = person('Jörg', 'Müller', { listedAs: 'e' });
    const alsoMueller = person('Joerg', 'Mueller', { listedAs: 'f' });
    expect(faultsOf([mueller, alsoMueller])).toHaveLength(2);
  });
});

it('one person under two entries is one invitation', () => {
  const people = [
    person('Ada', 'Lovelace', { personId: 'E1', listedAs: 'adm-ada@example.com' }),
    person('Ada', 'Lovelace', { personId: 'E1', listedAs: 'ada@example.com' }),
  ];
  expect(inviteesOf(people, DOMAIN)).toMatchObject({ ok: true, invitees: [{ listedAs: 'ada@example.com' }] });
});

it('the order of the list changes nothing', () => {
  const people = [
    person('Max', 'Weber', { listedAs: 'a', mail: 'max.weber@example.com' }),
    person('Max', 'Weber', { listedAs: 'b', mail: 'max.weber2@example.com' }),
    person('Ada', 'Lovelace', { personId: 'E1', listedAs: 'c' }),
    person('Ada', 'Lovelace', { personId: 'E1', listedAs: 'd' }),
    person('Dora', 'Jäger-Müller', { listedAs: 'e' }),
  ];
  const expected = inviteesOf(people, DOMAIN);
  for (let turn = 1; turn < people.length; turn += 1) {
    const turned = [...people.slice(turn), ...people.slice(0, turn)];
    expect(inviteesOf(turned, DOMAIN)).toEqual(expected);
    expect(inviteesOf(turned.reverse(), DOMAIN)).toEqual(expected);
  }
});
