-- A plan, under the next epoch; never before the request's turn: without a plan there is no gate and no effect, so whoever
-- starts its run by hand gains nothing.
create or replace function record_plan(p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  wanted_epoch integer;
  known text;
begin
  wanted_epoch := (wanted ->> 'epoch')::integer;
  perform take_chain();
  if waits_for_turn(p_request_id) then
    perform refuse('waits', 'the request waits for its turn: another one of its name is in work');
  end if;
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  if wanted_epoch = st.epoch then
    select body into known from entry
      where request_id = p_request_id and type = 'plan.recorded' order by seq desc limit 1;
    if known::jsonb = wanted then
      return;
    end if;
    perform refuse('contradiction', format('epoch %s has another plan already; record the new one under %s',
      st.epoch, st.epoch + 1));
  end if;
  if st.ended or st.revoked then
    perform refuse(case when st.ended then 'ended' else 'revoked' end, 'the request is over: nothing more is planned');
  end if;
  if wanted_epoch is distinct from st.epoch + 1 then
    perform refuse('wrong-epoch', format('the next epoch is %s', st.epoch + 1));
  end if;
  perform append('plan.recorded', p_request_id, p_body);
end $$;
