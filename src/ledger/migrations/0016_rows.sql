-- Up Migration
-- Rows and indexes that make work grow with itself: what effects a plan has, what an entry is about, what is held by whom. And
-- the shapes of bodies, filled from src/ledger/entry-shapes.ts whenever migrations are run. Functions stand in one file each from
-- here on (src/ledger/functions).

create table entry_shape (
  type text not null,
  place text not null,
  fault jsonpath not null,
  primary key (type, place)
);

-- What a plan does, by effect: made by the append of the plan.
create table planned_effect (
  request_id text not null,
  epoch integer not null,
  key text not null,
  phase text,
  primary key (request_id, epoch, key)
);
insert into planned_effect (request_id, epoch, key, phase)
  select e.request_id, (e.body::jsonb ->> 'epoch')::integer, effect ->> 'key', effect ->> 'phase'
  from entry e, jsonb_path_query(e.body::jsonb, '$.plan.targets[*].effects[*]') effect
  -- older versions did not look at the shape of a plan
  where e.type = 'plan.recorded' and effect ->> 'key' is not null
  on conflict do nothing;

-- Which session works on an effect now; no part of the chain.
create table effect_hold (
  key text primary key check (octet_length(key) <= 2048),
  pid integer not null,
  beacon bigint not null,
  taken_at timestamptz not null default clock_timestamp()
);
revoke all on table entry_shape, planned_effect, effect_hold from public;

create function note_planned() returns trigger language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  raise exception 'run the migrations to their end';
end $$;
create trigger entry_planned after insert on entry for each row
  when (new.type = 'plan.recorded') execute function note_planned();
alter table entry enable always trigger entry_planned;
create function entry_subject(p_type text, p_body text) returns text
language sql immutable set search_path = gatehouse, pg_temp as $$
  select case p_type
    when 'gate.opened' then jsonb_build_array(p_type, p_body::jsonb -> 'gate', p_body::jsonb -> 'epoch')::text
    when 'gate.closed' then jsonb_build_array(p_type, p_body::jsonb -> 'gate', p_body::jsonb -> 'epoch')::text
    when 'gate.reminded' then jsonb_build_array(p_type, p_body::jsonb -> 'gate', p_body::jsonb -> 'epoch',
      p_body::jsonb -> 'kind', p_body::jsonb -> 'number')::text
    when 'check.passed' then jsonb_build_array(p_type, p_body::jsonb -> 'key')::text
    when 'target.started' then jsonb_build_array('target', p_body::jsonb -> 'target')::text
    when 'target.ended' then jsonb_build_array('target', p_body::jsonb -> 'target')::text
    when 'request.started' then jsonb_build_array(p_type)::text
    when 'request.ended' then jsonb_build_array(p_type)::text
  end
$$;
create function asks_for_shadow(p_accepted text) returns boolean
language plpgsql immutable set search_path = gatehouse, pg_temp as $$
begin
  return case when p_accepted::jsonb ->> 'kind' = 'Promotion'
    then coalesce((p_accepted::jsonb ->> 'document')::jsonb #> '{content,shadow}' = 'true'::jsonb, false)
    else false end;
exception when data_exception then
  return true;
end $$;
create index entry_by_subject on entry (request_id, entry_subject(type, body), seq)
  where type in ('gate.opened', 'gate.reminded', 'gate.closed', 'check.passed', 'target.started', 'target.ended',
                 'request.started', 'request.ended');
create index entry_in_shadow on entry (request_id) where type = 'request.accepted' and asks_for_shadow(body);

-- Which sets of functions were in force, the latest last: an older build takes nothing back.
create table function_set (
  digest text primary key,
  applied_at timestamptz not null default clock_timestamp()
);
revoke all on table function_set from public;
