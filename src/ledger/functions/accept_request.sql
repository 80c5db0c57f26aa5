-- Accepts a request, pins its policy and keeps the news for Temporal. p_key null: no idempotency key was given.
-- p_turn says what becomes of it while another one of its workflow id is open. Null: it is not accepted. `last`: it waits behind
-- all that are open. `first`: it waits only for the one in work and for others that go first.
create or replace function accept_request(
  p_request_id text, p_accepted text, p_policy text, p_outbox_kind text, p_outbox_payload text,
  p_actor_id text, p_key text, p_body_hash text, p_turn text)
returns table (state text, request_id text, content_hash text)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
declare
  wanted jsonb := p_accepted::jsonb;
  known record;
  newest record;
  ahead text;
begin
  if p_turn is not null and p_turn not in ('first', 'last') then
    perform refuse('malformed', 'a turn is first or last');
  end if;
  if p_request_id is null then
    perform refuse('malformed', 'request.accepted needs a request id');
  end if;
  if jsonb_typeof((wanted ->> 'document')::jsonb) is distinct from 'object'
     or jsonb_typeof((p_policy::jsonb ->> 'document')::jsonb) is distinct from 'object' then
    perform refuse('malformed', 'the documents of a request are texts of JSON objects');
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
  select o.request_id, o.content_hash into newest from open_request(wanted ->> 'workflowId') o;
  if newest.request_id is not null and (p_turn is null or newest.content_hash = wanted ->> 'contentHash') then
    if p_key is not null and newest.content_hash = wanted ->> 'contentHash' then
      insert into idempotency values (p_actor_id, p_key, p_body_hash, newest.request_id);
    end if;
    return query select 'open', newest.request_id, newest.content_hash;
    return;
  end if;
  if p_key is not null then
    insert into idempotency values (p_actor_id, p_key, p_body_hash, p_request_id);
  end if;
  if newest.request_id is not null then
    select o.request_id into ahead from open_requests(wanted ->> 'workflowId') o
      where p_turn = 'last' or o.goes_first or not o.waits
      order by o.waits desc, o.goes_first, o.accepted_seq desc limit 1;
  end if;
  perform append('request.accepted', p_request_id, p_accepted);
  perform append('policy.pinned', p_request_id, p_policy);
  if newest.request_id is not null then
    perform append('request.queued', p_request_id,
      jsonb_build_object('behind', ahead, 'goesFirst', p_turn = 'first')::text);
    insert into outbox (request_id, kind, payload, due_at)
      values (p_request_id, p_outbox_kind, p_outbox_payload, 'infinity');
  else
    perform send_later(p_request_id, p_outbox_kind, p_outbox_payload);
  end if;
  return query select 'accepted', p_request_id, wanted ->> 'contentHash';
end $$;
