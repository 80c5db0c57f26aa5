import { randomBytes } from 'node:crypto';
import Type from 'typebox';
import type { Answer, Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { StandIn } from '../framework/stand-in.js';
import { type Change, ServiceNowSettings, ServiceNowState } from './state.js';
import { fieldsAfterMove } from './state-model.js';
import { found, shown } from './table-query.js';

const TABLE = '/api/now/table/change_request';
const Fields = Type.Record(Type.String(), Type.String());
const Approval = Type.Object(
  {
    /** number, sys_id or correlation id */
    change: Type.String(),
    approval: Type.Union([Type.Literal('approved'), Type.Literal('rejected')]),
    by: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
const Edit = Type.Object({ change: Type.String(), fields: Fields }, { additionalProperties: false });

/** Fields of a new change request where the caller says nothing. */
const NEW = {
  correlation_id: '',
  correlation_display: '',
  short_description: '',
  description: '',
  type: 'normal',
  state: '-5',
  approval: 'not requested',
  start_date: '',
  end_date: '',
  assignment_group: '',
  close_code: '',
  close_notes: '',
} as const;

/**
 * ServiceNow's Table API for change requests. There is no spec of it; it follows the vendor's REST reference and state model,
 * and guesses without a source carry [K].
 *
 * Control routes beside the common ones: `POST /_sandbox/approval {change, approval, by?}` decides as the people there would,
 * whose several approvals are one here; `POST /_sandbox/edit {change, fields}` changes a record past all rules.
 */
export async function startServiceNow(context: StandInContext): Promise<RunningStandIn> {
  const { username, password } = context.world.servicenow;
  const standIn = new StandIn({
    system: 'servicenow',
    folder: context.folder,
    state: { schema: ServiceNowState, initial: () => ({ changes: [], nextNumber: 30042 }) },
    settings: {
      schema: ServiceNowSettings,
      defaults: { dropFields: [], ignoreQuery: false, groupNeeded: false },
    },
    errorBody: ({ message }) => ({ error: { message, detail: '' }, status: 'failure' }),
    authenticate: (call) => {
      const wanted = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
      const header = call.header('authorization');
      if (header === wanted || header === `Bearer ${password}`) return;
      throw new Refusal(401, 'User Not Authenticated', {
        headers: { 'www-authenticate': 'Basic realm="Service-now"' },
      });
    },
  });
  const { state } = standIn;

  const changeOf = (sysId: string): Change => {
    const change = state.changes.find((one) => one.sysId === sysId);
    if (change === undefined) throw new Refusal(404, 'No Record found');
    return change;
  };
  const answer = (call: Call, status: number, change: Change): Answer => ({
    status,
    body: { result: shown(change, call.query('sysparm_fields'), call.query('sysparm_display_value')) },
  });
  const written = (call: Call): Record<string, string> => {
    const { dropFields } = standIn.settings;
    return Object.fromEntries(
      Object.entries(call.body(Fields)).filter(([name]) => name in NEW && !dropFields.includes(name)),
    );
  };
  const noteIn = (call: Call): string => {
    const { work_notes: note = '' } = call.body(Fields);
    return standIn.settings.dropFields.includes('work_notes') ? '' : note;
  };
  const addNote = (change: Change, text: string): void => {
    if (text !== '') change.workNotes.push({ at: new Date().toISOString(), by: username, text });
  };

  standIn.operation({
    id: 'list change requests',
    method: 'GET',
    path: TABLE,
    handle: (call) => {
      const all = found(state.changes, call.query('sysparm_query') ?? '', standIn.settings);
      const offset = Number(call.query('sysparm_offset') ?? 0);
      const page = all.slice(offset, offset + Number(call.query('sysparm_limit') ?? 10_000));
      const result = page.map((change) =>
        shown(change, call.query('sysparm_fields'), call.query('sysparm_display_value')),
      );
      return { status: 200, body: { result }, headers: { 'x-total-count': String(all.length) } };
    },
  });
  standIn.operation({
    id: 'create change request',
    method: 'POST',
    path: TABLE,
    handle: (call) => {
      const number = `CHG${String(state.nextNumber).padStart(7, '0')}`;
      const created = new Date().toISOString().slice(0, 19).replace('T', ' ');
      const change: Change = {
        sysId: randomBytes(16).toString('hex'),
        number,
        fields: { ...NEW, ...written(call), state: '-5', approval: 'not requested', sys_created_on: created },
        workNotes: [],
      };
      const note = noteIn(call);
      call.change('created', `change request ${number}`, () => {
        state.nextNumber += 1;
        addNote(change, note);
        state.changes.push(change);
      });
      return answer(call, 201, change);
    },
  });
  standIn.operation({
    id: 'get change request',
    method: 'GET',
    path: `${TABLE}/:sysId`,
    handle: (call) => answer(call, 200, changeOf(call.param('sysId'))),
  });
  standIn.operation({
    id: 'update change request',
    method: 'PATCH',
    path: `${TABLE}/:sysId`,
    handle: (call) => {
      const change = changeOf(call.param('sysId'));
      const wanted = written(call);
      const note = noteIn(call);
      const following = fieldsAfterMove(change, wanted, standIn.settings.groupNeeded);
      const differs = Object.entries(wanted).some(([name, value]) => change.fields[name] !== value);
      if (differs || note !== '') {
        call.change('changed', `change request ${change.number}`, () => {
          Object.assign(change.fields, wanted, following);
          addNote(change, note);
        });
      }
      return answer(call, 200, change);
    },
  });

  const named = (name: string): Change => {
    const change = state.changes.find(({ number, sysId, fields }) =>
      [number, sysId, fields.correlation_id].includes(name),
    );
    if (change === undefined) throw new Refusal(404, `no change request ${name}`);
    return change;
  };
  standIn.control('POST', '/approval', Approval, async ({ change: name, approval, by }) => {
    const change = named(name);
    if (change.fields.approval !== 'requested') throw new Refusal(409, 'no approval was asked for');
    await standIn.act('changed', `change request ${change.number}`, () => {
      // approved goes on to Scheduled, rejected back to New
      Object.assign(change.fields, { approval, state: approval === 'approved' ? '-2' : '-5' });
      const at = new Date().toISOString();
      change.workNotes.push({ at, by: by ?? 'Change Manager', text: `Change request ${approval}` });
    });
    return change;
  });
  standIn.control('POST', '/edit', Edit, async ({ change: name, fields }) => {
    const change = named(name);
    await standIn.act('changed', `change request ${change.number}`, () => {
      Object.assign(change.fields, fields);
    });
    return change;
  });
  const origin = await standIn.listen(context.port);
  return { origin, close: () => standIn.close() };
}
