create or replace function forget_waits() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  delete from wait_note where request_id = new.request_id and (
    new.type = 'request.ended'
    or (new.type = 'target.ended' and target = new.body::jsonb ->> 'target')
    or (new.type = 'check.passed' and target || ':' || step = new.body::jsonb ->> 'key'));
  return null;
end $$;
