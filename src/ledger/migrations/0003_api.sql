-- Up Migration
-- What the API appends: requests, decisions, commands, refusals, revocations; and its outbox and checkpoints.

create function open_request(p_workflow_id text) returns table (request_id text, content_hash text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select accepted.request_id, accepted.body::jsonb ->> 'contentHash'
  from entry accepted
  where accepted.type = 'request.accepted' and accepted.body::jsonb ->> 'workflowId' = p_workflow_id
    and not exists (
      select 1 from entry ended where ended.type = 'request.ended' and ended.request_id = accepted.request_id)
  order by accepted.seq desc limit 1
$$;

create function find_idempotent(p_actor_id text, p_key text, p_body_hash text) returns table (state text, request_id text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select case when i.body_hash = p_body_hash then 'repeated' else 'key-reused' end, i.request_id
  from idempotency i where i.actor_id = p_actor_id and i.key = p_key
$$;

create function send_later(p_request_id text, p_kind text, p_payload text) returns void
language sql set search_path = gatehouse, pg_temp as $$
  insert into outbox (request_id, kind, payload) values (p_request_id, p_kind, p_payload)
$$;

-- p_key null: no idempotency key was given
create function accept_request(
  p_request_id text, p_accepted text, p_policy text, p_outbox_kind text, p_outbox_payload text,
  p_actor_id text, p_key text, p_body_hash text)
returns table (state text, request_id text, content_hash text)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_accepted::jsonb;
  known record;
begin
  if p_request_id is null or wanted ->> 'workflowId' is null or wanted ->> 'contentHash' is null then
    perform refuse('malformed', 'request.accepted needs a request id, workflowId and contentHash');
  end if;
  perform take_chain();
  if p_key is not null then
    select f.state, f.request_id into known from find_idempotent(p_actor_id, p_key, p_body_hash) f;
    if known.state is not null then
      return query select known.state, known.request_id, null::text;
      return;
    end if;
  end if;
  if known_request(p_request_id) is not null then
    perform refuse('contradiction', 'this request id was accepted before: make a new one');
  end if;
  select o.request_id, o.content_hash into known from open_request(wanted ->> 'workflowId') o;
  if known.request_id is not null then
    if p_key is not null and known.content_hash = wanted ->> 'contentHash' then
      insert into idempotency values (p_actor_id, p_key, p_body_hash, known.request_id);
    end if;
    return query select 'open', known.request_id, known.content_hash;
    return;
  end if;
  perform append('request.accepted', p_request_id, p_accepted);
  perform append('policy.pinned', p_request_id, p_policy);
  perform send_later(p_request_id, p_outbox_kind, p_outbox_payload);
  if p_key is not null then
    insert into idempotency values (p_actor_id, p_key, p_body_hash, p_request_id);
  end if;
  return query select 'accepted', p_request_id, wanted ->> 'contentHash';
end $$;

create function record_decision(p_request_id text, p_body text, p_outbox_kind text, p_outbox_payload text)
returns table (state text, seq bigint)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  same entry;
  opened jsonb;
  made entry;
begin
  if not wanted ?& array['gate', 'epoch', 'decision', 'personId', 'jti', 'envelope'] then
    perform refuse('malformed', 'decision.made needs gate, epoch, decision, personId, jti, envelope');
  end if;
  perform take_chain();
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  select e.* into same from entry e where e.type = 'decision.made' and e.body::jsonb ->> 'jti' = wanted ->> 'jti';
  if same.seq is not null then
    if same.request_id = p_request_id and same.body::jsonb = wanted then
      return query select 'same', same.seq;
      return;
    end if;
    perform refuse('contradiction', 'this jti was used for another decision');
  end if;
  if st.ended or st.revoked then
    return query select 'closed', null::bigint;
    return;
  end if;
  if (wanted ->> 'epoch')::integer <> st.epoch then
    return query select 'superseded', null::bigint;
    return;
  end if;
  if exists (select 1 from entry e
      where e.request_id = p_request_id and e.type = 'decision.made'
        and e.body::jsonb ->> 'gate' = wanted ->> 'gate' and e.body::jsonb ->> 'epoch' = wanted ->> 'epoch'
        and e.body::jsonb ->> 'personId' = wanted ->> 'personId') then
    return query select 'already-voted', null::bigint;
    return;
  end if;
  select e.body::jsonb into opened from entry e
    where e.request_id = p_request_id and e.type = 'gate.opened'
      and e.body::jsonb ->> 'gate' = wanted ->> 'gate' and e.body::jsonb ->> 'epoch' = wanted ->> 'epoch'
    order by e.seq limit 1;
  if opened is null or (opened ->> 'due')::timestamptz < clock_timestamp() or exists (
      select 1 from entry e
      where e.request_id = p_request_id and e.type = 'gate.closed'
        and e.body::jsonb ->> 'gate' = wanted ->> 'gate' and e.body::jsonb ->> 'epoch' = wanted ->> 'epoch') then
    return query select 'closed', null::bigint;
    return;
  end if;
  made := append('decision.made', p_request_id, p_body);
  perform send_later(p_request_id, p_outbox_kind, p_outbox_payload);
  return query select 'recorded', made.seq;
end $$;

create function record_command(p_request_id text, p_body text) returns text
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
  wanted jsonb := p_body::jsonb;
  known entry;
begin
  if wanted ->> 'commandId' is null then
    perform refuse('malformed', 'command.given needs commandId');
  end if;
  perform take_chain();
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  select * into known from entry where type = 'command.given' and body::jsonb ->> 'commandId' = wanted ->> 'commandId';
  if known.seq is not null then
    if known.request_id = p_request_id and known.body::jsonb = wanted then
      return 'same';
    end if;
    perform refuse('contradiction', 'this command id was used for another command');
  end if;
  if st.ended then
    perform refuse('ended', 'the request has ended: there is nothing to command');
  end if;
  perform append('command.given', p_request_id, p_body);
  return 'recorded';
end $$;

-- p_outbox_kind null: nobody is told
create function revoke_request(p_request_id text, p_body text, p_outbox_kind text, p_outbox_payload text) returns text
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  st request_state;
begin
  perform take_chain();
  st := state_of(p_request_id);
  if not st.accepted then
    perform refuse('unknown-request', 'no such request in the ledger');
  end if;
  if st.revoked then
    return 'same';
  end if;
  if st.ended then
    perform refuse('ended', 'the request has ended: there is nothing to revoke');
  end if;
  perform append('request.revoked', p_request_id, p_body);
  if p_outbox_kind is not null then
    perform send_later(p_request_id, p_outbox_kind, p_outbox_payload);
  end if;
  return 'recorded';
end $$;

create function api_append(p_type text, p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if p_type not in ('call.refused', 'key.revoked', 'payloads.decoded') then
    perform refuse('forbidden', format('%s is not appended this way', p_type));
  end if;
  perform take_chain();
  if p_type = 'key.revoked' and exists (
      select 1 from entry where type = 'key.revoked' and body::jsonb ->> 'kid' = p_body::jsonb ->> 'kid') then
    return;
  end if;
  perform append(p_type, known_request(p_request_id), p_body);
end $$;

create function claim_outbox(p_limit integer, p_lease_seconds double precision)
returns table (id bigint, request_id text, kind text, payload text, attempts integer)
language sql security definer set search_path = gatehouse, pg_temp as $$
  with due as (
    select o.id from outbox o
    where o.delivered_at is null and o.due_at <= clock_timestamp()
      and not exists (
        select 1 from outbox earlier
        where earlier.request_id = o.request_id and earlier.id < o.id and earlier.delivered_at is null)
    order by o.id limit p_limit
    for update of o skip locked)
  update outbox o
    set attempts = o.attempts + 1, due_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
    from due where o.id = due.id
    returning o.id, o.request_id, o.kind, o.payload, o.attempts
$$;

create function outbox_delivered(p_id bigint) returns void
language sql security definer set search_path = gatehouse, pg_temp as $$
  update outbox set delivered_at = clock_timestamp(), last_error = null where id = p_id and delivered_at is null
$$;

create function outbox_failed(p_id bigint, p_error text, p_base_seconds double precision, p_max_seconds double precision)
returns void
language sql security definer set search_path = gatehouse, pg_temp as $$
  update outbox
    set last_error = left(p_error, 500),
        due_at = clock_timestamp()
          + make_interval(secs => least(p_base_seconds * power(2, least(attempts, 30) - 1), p_max_seconds))
    where id = p_id and delivered_at is null
$$;

create function append_checkpoint(p_seq bigint, p_hash text, p_envelope text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  if not exists (select 1 from entry where seq = p_seq and hash = p_hash) then
    perform refuse('contradiction', 'the chain has no such entry with this hash');
  end if;
  insert into checkpoint (seq, hash, envelope) values (p_seq, p_hash, p_envelope) on conflict (seq) do nothing;
end $$;
