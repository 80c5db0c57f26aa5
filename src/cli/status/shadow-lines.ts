/** What a promotion in shadow would have done, and what it saw when people did it by hand. */
import type { PromotionState } from '../api/answers.js';
import { harmless } from '../output/text.js';

type Shadow = NonNullable<PromotionState['shadow']>;

export function shadowLines({ gates, changeRecord, checks, places }: Shadow): readonly string[] {
  if (places.length === 0) return ['in shadow: nothing would be changed'];
  return [
    'in shadow: nothing is changed, nobody is asked',
    ...gates.map(({ gate, group, need }) => `would ask ${need} of group ${group} (gate ${gate})`),
    ...(changeRecord ? ['would open a change record and wait until it is approved'] : []),
    ...places.flatMap(({ place, files, heldBy, arrived, deliveries }) => [
      `${place}: would write ${harmless(files.join(', '))}`,
      ...(heldBy === undefined ? [] : [`${place}: would be held: ${harmless(heldBy)}`]),
      arrived === undefined
        ? `${place}: nobody has brought it by hand yet`
        : `${place}: brought by hand as ${arrived.commit.slice(0, 12)} at ${arrived.at}`,
      ...deliveries.flatMap(({ name, outcome, message }) =>
        outcome === 'pending'
          ? []
          : [
              `${place}: ${name}: ${outcome === 'proven' ? 'proven' : 'would have failed'}${message === undefined ? '' : `: ${harmless(message)}`}`,
            ],
      ),
    ]),
    ...(checks.length === 0 ? [] : [`would run the checks ${checks.join(', ')}`]),
  ];
}
