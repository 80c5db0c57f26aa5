create or replace function refuse_change() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  raise exception using errcode = 'GH002', message = format('%s is append-only: %s is refused', tg_table_name, tg_op);
end $$;
