-- Ends a request that waits for its turn: nothing of it was begun, and it has no run that could end it, or tell of its end: the
-- outbox has one started for that.
create or replace function end_in_line(p_request_id text, p_outcome text, p_message text) returns void
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  update outbox set delivered_at = clock_timestamp()
    where request_id = p_request_id and kind = 'start' and delivered_at is null;
  perform append('request.ended', p_request_id,
    jsonb_build_object('outcome', p_outcome, 'message', p_message)::text);
  perform send_later(p_request_id, 'end', jsonb_build_object('requestId', p_request_id)::text);
end $$;
