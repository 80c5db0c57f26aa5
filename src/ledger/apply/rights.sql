-- Who may execute what. Applied after the functions, whole each time: nobody but the owner touches a table directly; reading the
-- chain is the one exception.
revoke all on all tables in schema gatehouse from public, gatehouse_api, gatehouse_worker, gatehouse_auditor;
revoke all on all functions in schema gatehouse from public, gatehouse_api, gatehouse_worker, gatehouse_auditor;

grant usage on schema gatehouse to gatehouse_api, gatehouse_worker, gatehouse_auditor;
grant select on entry to gatehouse_api, gatehouse_worker, gatehouse_auditor;
grant select on checkpoint to gatehouse_api, gatehouse_auditor;

grant execute on function
  raise_alarm(text, text),
  keep_personal(text, text[], text[], text[]),
  personal_values(text[]),
  place_hold(text, text),
  undelivered_of(text, double precision)
to gatehouse_worker, gatehouse_api;

grant execute on function
  record_plan(text, text),
  worker_append(text, text, text),
  begin_holding(bigint),
  hold_effect(text, bigint),
  release_effect(text, bigint),
  reserve_effect(text, text, bigint),
  complete_effect(text, text),
  judge_ref(text, text[]),
  note_told(text),
  note_wait(text, text),
  note_delivery(text, text, text, text, text),
  deliveries_of(text)
to gatehouse_worker;

grant execute on function
  accept_request(text, text, text, text, text, text, text, text, text),
  open_request(text),
  open_requests(text),
  find_idempotent(text, text, text),
  record_decision(text, text, text, text),
  record_command(text, text, text, text, double precision),
  revoke_request(text, text, text, text),
  release_hold(text),
  tell_of_news(text, text, text),
  api_append(text, text, text),
  waits_of(text),
  claim_outbox(integer, double precision),
  outbox_delivered(bigint),
  outbox_failed(bigint, text, double precision, double precision),
  prune_outbox(double precision, integer),
  vital_signs(),
  open_session(text, text, double precision),
  session_content(text),
  end_session(text),
  append_checkpoint(bigint, text, text),
  unpublished_checkpoints(text, integer),
  checkpoint_published(text, bigint, text)
to gatehouse_api;
