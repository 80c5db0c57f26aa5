/** A fleet that is asked for. */
import type { FleetManifest, InventoryManifest } from '../../domain/manifest.js';
import { type FleetContent, workflowIdOf } from '../../domain/request.js';
import type { OwnedDirectory } from '../../domain/values-places.js';
import { expandFleet, peopleOf } from '../../manifests/expand.js';
import type { Located } from '../../manifests/manifest.js';
import { canonicalJson, digest } from '../../security/canonical.js';
import { Problem } from '../problems.js';
import { withManifestFaults } from './manifest-faults.js';
import type { RefOf, Wanted } from './wanted.js';

/** @throws Problem `invalid-manifest` for names that the inventory does not know */
export function wantedFleet(
  fleet: Located<FleetManifest>,
  inventory: InventoryManifest,
  owned: readonly OwnedDirectory[],
): Wanted {
  const { spec, metadata } = fleet.manifest;
  const contentWith = (refOf: RefOf): FleetContent =>
    withManifestFaults(() => expandFleet(fleet, inventory, refOf, owned));
  // before anything is kept: every name is known
  contentWith((value) => value);
  return {
    kind: 'Fleet',
    workflowId: workflowIdOf.fleet(spec.service, metadata.name),
    subject: { kind: 'Fleet', service: spec.service },
    name: `The fleet "${metadata.name}"`,
    people: peopleOf(fleet.manifest),
    contentHash: (refOf) => digest(canonicalJson(contentWith(refOf))),
    refsIn: (open) =>
      open.kind === 'Fleet' ? open.content.targets.flatMap(({ invite }) => invite.people) : [],
    document: (common, requestedFor, refOf) => {
      if (requestedFor === undefined) {
        throw new Problem('malformed', 'A fleet needs requestedFor: a ticket is not a person.', {
          faults: [{ place: 'body', message: "must have required property 'requestedFor'" }],
        });
      }
      const content = contentWith(refOf);
      return {
        ...common,
        kind: 'Fleet',
        requestedFor,
        contentHash: digest(canonicalJson(content)),
        content,
      };
    },
  };
}
