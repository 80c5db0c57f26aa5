-- Up Migration
-- The chain and the erasable table. Rules of conditional appends are in the files that follow, rights in the last one.
-- Everything that one call of an append function reads and writes happens under one row lock (chain_lock), so appends and
-- their conditions have one order. The lock is a row and not an advisory lock, since every login could hold the latter.

create table entry (
  seq bigint primary key,
  at text collate "C" not null,
  type text not null,
  request_id text,
  body text not null,
  prev_hash text not null,
  hash text not null unique,
  -- line breaks separate the parts that are hashed, so none may hold one; the body comes last and may
  constraint entry_type_is_a_name check (type ~ '^[a-z]+[.][a-z]+$'),
  constraint entry_request_id_is_a_name check (request_id ~ '^[A-Za-z0-9._-]{1,100}$'),
  constraint entry_body_is_an_object check (octet_length(body) <= 4194304 and jsonb_typeof(body::jsonb) = 'object')
);

create index entry_of_request on entry (request_id, seq);
create index entry_of_type on entry (type, request_id);
create index entry_by_workflow_id on entry ((body::jsonb ->> 'workflowId')) where type = 'request.accepted';
create index entry_by_effect_key on entry ((body::jsonb ->> 'key'), seq)
  where type in ('effect.reserved', 'effect.completed');

-- The functions check these before they append; the indexes make sure that no path round them exists.
create unique index entry_one_acceptance on entry (request_id) where type = 'request.accepted';
create unique index entry_one_policy on entry (request_id) where type = 'policy.pinned';
create unique index entry_one_ending on entry (request_id) where type = 'request.ended';
create unique index entry_one_revocation on entry (request_id) where type = 'request.revoked';
create unique index entry_one_plan on entry (request_id, (body::jsonb ->> 'epoch')) where type = 'plan.recorded';
create unique index entry_one_closing on entry (request_id, (body::jsonb ->> 'gate'), (body::jsonb ->> 'epoch'))
  where type = 'gate.closed';
create unique index entry_one_vote
  on entry (request_id, (body::jsonb ->> 'gate'), (body::jsonb ->> 'epoch'), (body::jsonb ->> 'personId'))
  where type = 'decision.made';
create unique index entry_one_jti on entry ((body::jsonb ->> 'jti')) where type = 'decision.made';
create unique index entry_one_reservation on entry (request_id, (body::jsonb ->> 'key'), (body::jsonb ->> 'epoch'))
  where type = 'effect.reserved';
create unique index entry_one_completion on entry (request_id, (body::jsonb ->> 'key'), (body::jsonb ->> 'epoch'))
  where type = 'effect.completed';
create unique index entry_one_command on entry ((body::jsonb ->> 'commandId')) where type = 'command.given';
create unique index entry_one_key_revocation on entry ((body::jsonb ->> 'kid')) where type = 'key.revoked';

create table checkpoint (
  seq bigint primary key references entry (seq),
  hash text not null,
  envelope text not null check (octet_length(envelope) <= 16384),
  kept_at timestamptz not null default clock_timestamp()
);

create table chain_lock (
  only_row boolean primary key default true check (only_row)
);
insert into chain_lock default values;

-- Personal values and free text. The reference is a salted hash of the value; erasing removes value and salt and keeps the
-- reference, so that "erased" and "never known" can be told apart.
create table personal (
  ref text primary key check (ref ~ '^p_[a-z2-7]{26}$'),
  request_id text not null,
  salt text,
  value text check (octet_length(value) <= 16384),
  erased_at timestamptz,
  constraint personal_whole_or_erased check ((value is null) = (salt is null) and (value is null) = (erased_at is not null))
);
create index personal_of_request on personal (request_id);

create table outbox (
  id bigint generated always as identity primary key,
  request_id text not null,
  kind text not null,
  payload text not null,
  attempts integer not null default 0,
  due_at timestamptz not null default clock_timestamp(),
  last_error text,
  delivered_at timestamptz
);
create index outbox_waiting on outbox (request_id, id) where delivered_at is null;

create table idempotency (
  actor_id text not null check (octet_length(actor_id) <= 512),
  key text not null check (octet_length(key) <= 512),
  body_hash text not null,
  request_id text not null,
  primary key (actor_id, key)
);

create function refuse(p_reason text, p_message text) returns void
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  raise exception using errcode = 'GH001', message = p_message, detail = p_reason;
end $$;

create function take_chain() returns void
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  perform 1 from chain_lock for update;
  if not found then
    raise exception 'the row of chain_lock is missing';
  end if;
end $$;

-- Digest of what an entry says, and when. Together with type and owner it stands for the entry where its content must not be
-- shown: the chain can still be followed across it, and nobody can pass an entry of his own off as one of others.
create function entry_digest(p_at text, p_body text) returns text
language sql immutable set search_path = gatehouse, pg_temp as $$
  select encode(sha256(convert_to(p_at || chr(10) || p_body, 'UTF8')), 'hex')
$$;

create function entry_owner(p_request_id text) returns text
language sql immutable set search_path = gatehouse, pg_temp as $$
  select coalesce(encode(sha256(convert_to(p_request_id, 'UTF8')), 'hex'), '')
$$;

create function entry_hash(p_prev_hash text, p_seq bigint, p_type text, p_owner text, p_digest text) returns text
language sql immutable set search_path = gatehouse, pg_temp as $$
  select encode(sha256(convert_to(
    p_prev_hash || chr(10) || p_seq::text || chr(10) || p_type || chr(10) || p_owner || chr(10) || p_digest,
    'UTF8')), 'hex')
$$;

-- Links every new row, whoever inserts it: position, time and hashes are never taken from outside.
create function link_entry() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
declare
  tail record;
begin
  perform take_chain();
  select seq, at, hash into tail from entry order by seq desc limit 1;
  new.seq := coalesce(tail.seq, 0) + 1;
  -- never earlier than the entry before, also when the clock was set back
  new.at := greatest(
    to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') collate "C", tail.at);
  new.prev_hash := coalesce(tail.hash, repeat('0', 64));
  new.hash := entry_hash(
    new.prev_hash, new.seq, new.type, entry_owner(new.request_id), entry_digest(new.at, new.body));
  return new;
end $$;

create function refuse_change() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  raise exception using errcode = 'GH002', message = format('%s is append-only: %s is refused', tg_table_name, tg_op);
end $$;

create function refuse_all_but_erasing() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  if old.value is null or new.value is not null or new.ref <> old.ref or new.request_id <> old.request_id then
    raise exception using errcode = 'GH002', message = 'a personal value can only be erased, not changed';
  end if;
  return new;
end $$;

create trigger entry_linked before insert on entry for each row execute function link_entry();
create trigger entry_append_only before update or delete or truncate on entry
  for each statement execute function refuse_change();
create trigger checkpoint_append_only before update or delete or truncate on checkpoint
  for each statement execute function refuse_change();
create trigger personal_kept before delete or truncate on personal for each statement execute function refuse_change();
create trigger personal_erasable before update on personal for each row execute function refuse_all_but_erasing();

-- ALWAYS: not even a session in replica mode (session_replication_role) goes round them
alter table entry enable always trigger entry_linked;
alter table entry enable always trigger entry_append_only;
alter table checkpoint enable always trigger checkpoint_append_only;
alter table personal enable always trigger personal_kept;
alter table personal enable always trigger personal_erasable;

create function append(p_type text, p_request_id text, p_body text) returns entry
language plpgsql set search_path = gatehouse, pg_temp as $$
declare
  made entry;
begin
  insert into entry (type, request_id, body) values (p_type, p_request_id, p_body) returning * into made;
  -- delivered when the transaction commits
  perform pg_notify('gatehouse_ledger', made.seq || ' ' || coalesce(made.request_id, ''));
  return made;
end $$;

create type request_state as (accepted boolean, ended boolean, revoked boolean, epoch integer);

-- Epochs are 1, 2, 3 without gaps (record_plan), so their number is the current one.
create function state_of(p_request_id text) returns request_state
language sql stable set search_path = gatehouse, pg_temp as $$
  select row(
    coalesce(bool_or(type = 'request.accepted'), false),
    coalesce(bool_or(type = 'request.ended'), false),
    coalesce(bool_or(type = 'request.revoked'), false),
    (count(*) filter (where type = 'plan.recorded'))::integer)::request_state
  from entry
  where request_id = p_request_id
    and type in ('request.accepted', 'request.ended', 'request.revoked', 'plan.recorded')
$$;
