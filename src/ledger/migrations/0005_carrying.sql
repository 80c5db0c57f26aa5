-- Up Migration
-- Carrying news: commands through the outbox, an outbox that nothing blocks for ever and that does not grow, signatures
-- that were seen, checkpoints that were published.

create index outbox_delivered_since on outbox (delivered_at) where delivered_at is not null;

-- Signed calls of the last minutes, so that a copy is refused, by every process and after a restart too.
create table signature_seen (
  sender text not null check (octet_length(sender) <= 512),
  id text not null check (octet_length(id) <= 512),
  stamp text not null check (octet_length(stamp) <= 64),
  seen_at timestamptz not null default clock_timestamp(),
  primary key (sender, id, stamp)
);
create index signature_seen_since on signature_seen (seen_at);

-- Which checkpoint stands where outside the database.
create table publication (
  place text not null check (octet_length(place) <= 1024),
  seq bigint not null references checkpoint (seq),
  reference text not null check (octet_length(reference) <= 256),
  published_at timestamptz not null default clock_timestamp(),
  primary key (place, seq)
);
create trigger publication_append_only before update or delete or truncate on publication
  for each statement execute function refuse_change();
alter table publication enable always trigger publication_append_only;

-- With a message for the workflow. p_delay_seconds: whoever records it tells the workflow himself first; the message is for
-- when he cannot. A repeat answers the message that is still waiting, if any.
create function record_command(
  p_request_id text, p_body text, p_outbox_kind text, p_outbox_payload text, p_delay_seconds double precision)
returns table (state text, outbox_id bigint)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  result text := record_command(p_request_id, p_body);
  message bigint;
begin
  if result = 'recorded' then
    insert into outbox (request_id, kind, payload, due_at)
      values (p_request_id, p_outbox_kind, p_outbox_payload, clock_timestamp() + make_interval(secs => p_delay_seconds))
      returning id into message;
  else
    select o.id into message from outbox o
      where o.request_id = p_request_id and o.kind = p_outbox_kind and o.payload = p_outbox_payload
        and o.delivered_at is null;
  end if;
  return query select result, message;
end $$;

-- Messages of one request and kind come in order, and all of them after its start. Messages of other kinds do not wait for
-- each other: a command that nobody takes must not hold the news of a decision.
create or replace function claim_outbox(p_limit integer, p_lease_seconds double precision)
returns table (id bigint, request_id text, kind text, payload text, attempts integer)
language sql security definer set search_path = gatehouse, pg_temp as $$
  with due as (
    select o.id from outbox o
    where o.delivered_at is null and o.due_at <= clock_timestamp()
      and not exists (
        select 1 from outbox earlier
        where earlier.request_id = o.request_id and earlier.id < o.id and earlier.delivered_at is null
          and earlier.kind in ('start', o.kind))
    order by o.id limit p_limit
    for update of o skip locked)
  update outbox o
    set attempts = o.attempts + 1, due_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    from due where o.id = due.id
    returning o.id, o.request_id, o.kind, o.payload, o.attempts
$$;

create function prune_outbox(p_keep_seconds double precision, p_limit integer) returns integer
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  removed integer;
begin
  delete from outbox o where o.id in (
    select old.id from outbox old
    where old.delivered_at < clock_timestamp() - make_interval(secs => p_keep_seconds)
    order by old.delivered_at limit p_limit
    for update skip locked);
  get diagnostics removed = row_count;
  return removed;
end $$;

-- True the first time within p_keep_seconds; what is older could not be valid any more and is forgotten.
create function note_signature(p_sender text, p_id text, p_stamp text, p_keep_seconds double precision) returns boolean
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  delete from signature_seen s where (s.sender, s.id, s.stamp) in (
    select old.sender, old.id, old.stamp from signature_seen old
    where old.seen_at < clock_timestamp() - make_interval(secs => p_keep_seconds)
    for update skip locked);
  insert into signature_seen (sender, id, stamp) values (p_sender, p_id, p_stamp) on conflict do nothing;
  return found;
end $$;

create function unpublished_checkpoints(p_place text, p_limit integer)
returns table (seq bigint, hash text, envelope text, total bigint)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select c.seq, c.hash, c.envelope, count(*) over () from checkpoint c
  where not exists (select 1 from publication p where p.place = p_place and p.seq = c.seq)
  order by c.seq limit p_limit
$$;

create function checkpoint_published(p_place text, p_seq bigint, p_reference text) returns void
language sql security definer set search_path = gatehouse, pg_temp as $$
  insert into publication (place, seq, reference) values (p_place, p_seq, p_reference) on conflict do nothing
$$;

grant execute on function
  record_command(text, text, text, text, double precision),
  prune_outbox(double precision, integer),
  note_signature(text, text, text, double precision),
  unpublished_checkpoints(text, integer),
  checkpoint_published(text, bigint, text)
to gatehouse_api;
