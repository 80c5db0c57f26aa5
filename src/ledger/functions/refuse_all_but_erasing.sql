create or replace function refuse_all_but_erasing() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  if old.value is null or new.value is not null or new.ref <> old.ref or new.request_id <> old.request_id then
    raise exception using errcode = 'GH002', message = 'a personal value can only be erased, not changed';
  end if;
  return new;
end $$;
