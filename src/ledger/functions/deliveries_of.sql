create or replace function deliveries_of(p_notice text) returns table (recipient text, state text)
language sql stable security definer set search_path = gatehouse, pg_temp as $$
  select d.recipient, d.state from notice_delivery d where d.notice = p_notice
$$;
