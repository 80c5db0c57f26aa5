/**
 * Do the tests notice? Breaks the source in one place after the other, in a copy, and runs the tests of `npm test` that are
 * to notice. A mutant that lives is a hole in the suite: a test is missing, or none is needed and the line neither. Before
 * anything is broken the same tests must pass. `GATEHOUSE_MUTANTS=a,b npm run bench -- mutants` tries these only.
 */
import { atLeast, atMost, type Bench, type Figure } from './bench.js';
import { say } from './fleet/bench-stack.js';
import { EFFECT_MUTANTS } from './mutants/effects.js';
import { GUARD_MUTANTS } from './mutants/guard.js';
import type { Mutant } from './mutants/mutant.js';
import { RULE_MUTANTS } from './mutants/rules.js';
import { runTests } from './mutants/run-tests.js';
import { SECURITY_MUTANTS } from './mutants/security.js';
import { copyTree, type Tree } from './mutants/tree.js';
import { WORKFLOW_MUTANTS } from './mutants/workflows.js';

const MUTANTS: readonly Mutant[] = [
  ...RULE_MUTANTS,
  ...GUARD_MUTANTS,
  ...SECURITY_MUTANTS,
  ...EFFECT_MUTANTS,
  ...WORKFLOW_MUTANTS,
];
/** Fewer say little of the suite. */
const GOAL = 40;
/** Copies that are at work side by side: a set of tests keeps half of a processor busy. */
const AT_ONCE = 2;

/** Tests that fail without any mutant would let every mutant die. */
class TestsFailAnyway extends Error {
  override readonly name = 'TestsFailAnyway';
}

/** `GATEHOUSE_MUTANTS` names none that there is. */
class UnknownMutant extends Error {
  override readonly name = 'UnknownMutant';
}

export const bench: Bench = {
  describe: 'mutants of the source that no test notices, of at least forty that are tried one at a time',

  async run(): Promise<readonly Figure[]> {
    const chosen = chosenBy(process.env.GATEHOUSE_MUTANTS);
    const trees = await Promise.all(Array.from({ length: AT_ONCE }, () => copyTree()));
    try {
      const [first] = trees;
      if (first !== undefined) await passUnbroken(first, chosen);
      const left = [...chosen];
      const alive: Mutant[] = [];
      await Promise.all(
        trees.map(async (tree) => {
          for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
            if (await lives(tree, mutant)) alive.push(mutant);
          }
        }),
      );
      for (const { name, breaks, file } of alive) say(`alive: ${name} in ${file}: ${breaks}`);
      const whole = chosen.length === MUTANTS.length;
      return [
        whole
          ? atLeast('mutants', chosen.length, 'mutants', GOAL)
          : { name: 'mutants', value: chosen.length, unit: 'mutants' },
        atMost('alive', alive.length, 'mutants', 0),
      ];
    } finally {
      await Promise.all(trees.map((tree) => tree.remove()));
    }
  },
};

function chosenBy(names: string | undefined): readonly Mutant[] {
  if (names === undefined || names === '') return MUTANTS;
  const wanted = names.split(',');
  const unknown = wanted.filter((name) => MUTANTS.every((mutant) => mutant.name !== name));
  if (unknown.length > 0) {
    throw new UnknownMutant(
      `No mutant ${unknown.join(', ')}. There are: ${MUTANTS.map(({ name }) => name).join(', ')}`,
    );
  }
  return MUTANTS.filter(({ name }) => wanted.includes(name));
}

async function lives(tree: Tree, mutant: Mutant): Promise<boolean> {
  const mend = tree.plant(mutant);
  try {
    const { failed, firstFailure } = await runTests(tree.path, mutant);
    say(failed > 0 ? `${mutant.name}: dead by "${firstFailure ?? ''}"` : `${mutant.name}: ALIVE`);
    return failed === 0;
  } finally {
    mend();
  }
}

/** @throws TestsFailAnyway; StaleMutant before any test has run */
async function passUnbroken(tree: Tree, mutants: readonly Mutant[]): Promise<void> {
  for (const mutant of mutants) tree.plant(mutant)();
  const whole = mutants.filter(({ named }) => named === undefined).flatMap(({ tests }) => tests);
  const parts = mutants.filter(({ named }) => named !== undefined);
  const sets = [
    { tests: [...new Set(whole)] },
    {
      tests: [...new Set(parts.flatMap(({ tests }) => tests))],
      named: parts.map(({ named }) => `(?:${named})`).join('|'),
    },
  ].filter(({ tests }) => tests.length > 0);
  for (const set of sets) {
    const { passed, failed, firstFailure } = await runTests(tree.path, set);
    if (failed > 0) {
      throw new TestsFailAnyway(
        `nothing is broken yet, and a test fails: ${firstFailure ?? ''}. Mend it first`,
      );
    }
    say(`unbroken: ${passed} tests pass`);
  }
}
