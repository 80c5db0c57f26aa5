/**
 * A worker of the queue `change-records` as a script would be written: it opens the change record without looking first. For
 * the positive control of the crash test; everything else in it is real.
 */
import Type from 'typebox';
import { Value } from 'typebox/value';
import { createChangeRecordActivities } from '../../src/activities/change-records/activities.js';
import { DirectoryMembership } from '../../src/activities/guard/directory-membership.js';
import { EffectGuard } from '../../src/activities/guard/effect-guard.js';
import { selectEnvironment } from '../../src/activities/guard/select-place.js';
import { readSecret } from '../../src/config/installation.js';
import { ownParts, serve } from '../support/own-worker.js';

const Created = Type.Object({ result: Type.Object({ sys_id: Type.String() }) });

const { installation, ledger, systems, authority, inventory, policyFor } = await ownParts();
const { changeRecords } = systems.promotion;
const { servicenow } = installation.systems;
if (changeRecords === undefined || servicenow === undefined) throw new Error('no ServiceNow is installed');
const login = `${readSecret(servicenow.usernameFile)}:${readSecret(servicenow.passwordFile)}`;

const careless: typeof changeRecords = Object.create(changeRecords, {
  open: {
    value: async (wanted: { readonly correlationId: string; readonly shortDescription: string }) => {
      const answer = await fetch(`${servicenow.url}/api/now/table/change_request`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(login).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          correlation_id: wanted.correlationId,
          short_description: wanted.shortDescription,
          type: 'normal',
        }),
      });
      const body: unknown = await answer.json();
      if (!Value.Check(Created, body)) throw new Error('nothing was created');
      return { record: await changeRecords.read(body.result.sys_id), outcome: 'created' };
    },
  },
  requestApproval: { value: (sysId: string) => changeRecords.requestApproval(sysId) },
  read: { value: (sysId: string) => changeRecords.read(sysId) },
});

await serve(
  installation,
  'change-records',
  createChangeRecordActivities({
    ledger,
    guard: new EffectGuard(ledger, authority, {
      select: selectEnvironment,
      policyFor,
      inventory,
      membership: new DirectoryMembership(systems.directory),
    }),
    changeRecords: careless,
    publicUrl: installation.page.publicUrl,
  }),
);
