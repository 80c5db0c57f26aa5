-- However a request ends, the next one has its turn in the same step: nothing can come between.
create or replace function pass_turn() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  perform give_turn((
    select accepted.body::jsonb ->> 'workflowId' from entry accepted
    where accepted.request_id = new.request_id and accepted.type = 'request.accepted'));
  return null;
end $$;
