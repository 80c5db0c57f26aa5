-- Up Migration
-- Who may do what. Nobody but the owner touches a table directly; reading the chain is the one exception.

revoke all on schema gatehouse from public;
revoke all on all tables in schema gatehouse from public;
revoke all on all functions in schema gatehouse from public;
-- new functions of later migrations start without rights as well
alter default privileges revoke execute on functions from public;

grant usage on schema gatehouse to gatehouse_api, gatehouse_worker, gatehouse_auditor;
grant select on entry to gatehouse_api, gatehouse_worker, gatehouse_auditor;
grant select on checkpoint to gatehouse_api, gatehouse_auditor;

grant execute on function
  record_plan(text, text),
  worker_append(text, text, text),
  reserve_effect(text, text, bigint),
  complete_effect(text, text)
to gatehouse_worker;

grant execute on function
  raise_alarm(text, text),
  keep_personal(text, text[], text[], text[]),
  personal_values(text[])
to gatehouse_worker, gatehouse_api;

grant execute on function
  open_request(text),
  find_idempotent(text, text, text),
  accept_request(text, text, text, text, text, text, text, text),
  record_decision(text, text, text, text),
  record_command(text, text),
  revoke_request(text, text, text, text),
  api_append(text, text, text),
  claim_outbox(integer, double precision),
  outbox_delivered(bigint),
  outbox_failed(bigint, text, double precision, double precision),
  append_checkpoint(bigint, text, text)
to gatehouse_api;
