-- Up Migration
-- Promotions in shadow: nothing is changed for them and nobody is asked, whatever a workflow wants. As `content.shadow` of
-- the signed document says it.

create function is_shadow(p_request_id text) returns boolean
language sql stable set search_path = gatehouse, pg_temp as $$
  select coalesce((
    select (body::jsonb ->> 'document')::jsonb #> '{content,shadow}' = 'true'::jsonb from entry
    where request_id = p_request_id and type = 'request.accepted' and body::jsonb ->> 'kind' = 'Promotion'), false)
$$;

alter function reserve_effect(text, text, bigint) rename to reserve_real_effect;
alter function reserve_real_effect(text, text, bigint) security invoker;
create function reserve_effect(p_request_id text, p_body text, p_judged_up_to bigint)
returns table (state text, at text, completion text, reason text)
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  perform take_chain();
  if is_shadow(p_request_id) then
    return query select 'refused', null::text, null::text, 'shadow';
    return;
  end if;
  return query select * from reserve_real_effect(p_request_id, p_body, p_judged_up_to);
end $$;

alter function worker_append(text, text, text) rename to append_of_worker;
alter function append_of_worker(text, text, text) security invoker;
create function worker_append(p_type text, p_request_id text, p_body text) returns void
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  perform take_chain();
  -- no gate, so nobody is asked; no start, so nothing is rolled out
  if p_type in ('gate.opened', 'gate.reminded', 'gate.closed', 'request.started', 'target.started')
     and is_shadow(p_request_id) then
    perform refuse('shadow', 'the promotion is in shadow: nobody is asked and nothing is done');
  end if;
  perform append_of_worker(p_type, p_request_id, p_body);
end $$;

alter function place_hold(text, text) rename to place_any_hold;
alter function place_any_hold(text, text) security invoker;
create function place_hold(p_request_id text, p_body text) returns text
language plpgsql security definer set search_path = gatehouse, pg_temp as $$
begin
  perform take_chain();
  if is_shadow(p_request_id) then
    perform refuse('shadow', 'the promotion is in shadow: it stops nobody');
  end if;
  return place_any_hold(p_request_id, p_body);
end $$;

revoke execute on function
  reserve_real_effect(text, text, bigint), append_of_worker(text, text, text), place_any_hold(text, text)
from gatehouse_worker, gatehouse_api;
grant execute on function
  reserve_effect(text, text, bigint), worker_append(text, text, text), place_hold(text, text)
to gatehouse_worker;
grant execute on function place_hold(text, text) to gatehouse_api;
