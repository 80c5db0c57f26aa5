-- Up Migration
-- Who was told of what, recipient by recipient: for people who watch and evidence of nothing, so it is no part of the chain.
-- Recipients are opaque: a person's id, a reference to a kept address, the name of a webhook. `state`: delivered, waiting
-- (comes again), given-up (a person must mend what is in the way).
create table notice_delivery (
  notice text not null check (octet_length(notice) <= 300),
  recipient text not null check (octet_length(recipient) <= 200),
  request_id text,
  state text not null check (state in ('delivered', 'waiting', 'given-up')),
  why text check (octet_length(why) <= 1200),
  tries integer not null default 1,
  at timestamptz not null default clock_timestamp(),
  primary key (notice, recipient)
);
create index notice_delivery_of on notice_delivery (request_id) where state <> 'delivered';

-- What was delivered stays delivered, whatever a late attempt says.
create function note_delivery(p_notice text, p_recipient text, p_request_id text, p_state text, p_why text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if p_notice is null or p_recipient is null or p_state is null or p_state not in ('delivered', 'waiting', 'given-up') then
    perform refuse('malformed', 'a delivery needs a notice, a recipient and a state');
  end if;
  insert into notice_delivery (notice, recipient, request_id, state, why)
    values (p_notice, p_recipient, p_request_id, p_state, left(p_why, 300))
    on conflict (notice, recipient) do update
      set state = excluded.state, why = excluded.why, tries = notice_delivery.tries + 1, at = clock_timestamp()
      where notice_delivery.state <> 'delivered';
end $$;

create function deliveries_of(p_notice text) returns table (recipient text, state text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select d.recipient, d.state from notice_delivery d where d.notice = p_notice
$$;

-- Of one request; or of all, tried within p_within_seconds. The newest first.
create function undelivered_of(p_request_id text, p_within_seconds double precision)
returns table (notice text, recipient text, state text, why text, tries integer, since text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select d.notice, d.recipient, d.state, coalesce(d.why, ''), d.tries,
         to_char(d.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  from notice_delivery d
  where d.state <> 'delivered'
    and case when p_request_id is null then d.at > clock_timestamp() - make_interval(secs => least(p_within_seconds, 31536000))
        else d.request_id = p_request_id end
  order by d.at desc, d.notice, d.recipient limit 200
$$;

-- A copy of a signed call asks for what is there already: nobody has to know copies any more.
drop function note_signature(text, text, text, double precision);
drop table signature_seen;

revoke all on table notice_delivery from public;
revoke all on function
  note_delivery(text, text, text, text, text), deliveries_of(text), undelivered_of(text, double precision)
from public;
grant execute on function note_delivery(text, text, text, text, text), deliveries_of(text) to gatehouse_worker;
grant execute on function undelivered_of(text, double precision) to gatehouse_api, gatehouse_worker;
