-- Trigger: checks the shape of every new row and links it, whoever inserts it. Position, time and hashes are never taken from
-- outside.
create or replace function link_entry() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
declare
  tail record;
begin
  perform refuse_misshapen(new.type, new.body);
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
