-- Of one request; or of all, tried within p_within_seconds. The newest first.
create or replace function undelivered_of(p_request_id text, p_within_seconds double precision)
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
