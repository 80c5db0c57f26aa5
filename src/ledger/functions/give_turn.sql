-- Gives the next one its turn, unless one is in work. Its start has waited in the outbox since it was accepted.
create or replace function give_turn(p_workflow_id text) returns void
language plpgsql set search_path = gatehouse, pg_temp as $$
declare
  following record;
begin
  select o.request_id, o.waits into following from open_requests(p_workflow_id) o limit 1;
  if following.request_id is null or not following.waits then
    return;
  end if;
  perform append('turn.given', following.request_id, '{}');
  update outbox set due_at = clock_timestamp(), kept_at = clock_timestamp()
    where request_id = following.request_id and kind = 'start' and delivered_at is null;
end $$;
