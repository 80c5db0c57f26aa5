-- Up Migration
-- What the waits of open requests see now: for people who watch. It is evidence of nothing, so it is no part of the chain, and
-- it is gone as soon as the chain says how the wait ended.

create table wait_note (
  request_id text not null,
  target text not null,
  step text not null,
  clause text not null,
  since timestamptz not null,
  primary key (request_id, target, step)
);

-- Answers whether anything is new. A note of what has ended already came too late, and is not kept.
create function note_wait(p_request_id text, p_body text) returns boolean
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_body::jsonb;
  last_seq bigint;
begin
  if not wanted ?& array['target', 'step', 'clause', 'since'] then
    perform refuse('malformed', 'a note of a wait needs target, step, clause and since');
  end if;
  if not exists (select 1 from entry where request_id = p_request_id and type = 'request.accepted')
     or exists (select 1 from entry where request_id = p_request_id and type = 'request.ended') then
    return false;
  end if;
  insert into wait_note (request_id, target, step, clause, since)
    values (p_request_id, wanted ->> 'target', wanted ->> 'step', left(wanted ->> 'clause', 500),
            (wanted ->> 'since')::timestamptz)
    on conflict (request_id, target, step) do update set clause = excluded.clause, since = excluded.since
    where wait_note.clause is distinct from excluded.clause or wait_note.since is distinct from excluded.since;
  if not found then
    return false;
  end if;
  select max(seq) into last_seq from entry;
  perform pg_notify('gatehouse_ledger', last_seq || ' ' || p_request_id);
  return true;
end $$;

create function waits_of(p_request_id text) returns table (target text, step text, clause text, since text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select w.target, w.step, w.clause, to_char(w.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  from wait_note w where w.request_id = p_request_id order by w.target, w.step
$$;

create function forget_waits() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  delete from wait_note where request_id = new.request_id and (
    new.type = 'request.ended'
    or (new.type = 'target.ended' and target = new.body::jsonb ->> 'target')
    or (new.type = 'check.passed' and target || ':' || step = new.body::jsonb ->> 'key'));
  return null;
end $$;

create trigger entry_forgets_waits after insert on entry
  for each row when (new.type in ('request.ended', 'target.ended', 'check.passed')) execute function forget_waits();
alter table entry enable always trigger entry_forgets_waits;

revoke all on table wait_note from public;
grant execute on function note_wait(text, text) to gatehouse_worker;
grant execute on function waits_of(text) to gatehouse_api;
