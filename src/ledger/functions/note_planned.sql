-- Trigger: the effects of a plan as rows, so that a reservation finds its own without reading the whole plan under the chain's
-- lock. Made from the plan in the step that appends it.
create or replace function note_planned() returns trigger
language plpgsql set search_path = gatehouse, pg_temp as $$
begin
  insert into planned_effect (request_id, epoch, key, phase)
    select new.request_id, (new.body::jsonb ->> 'epoch')::integer, effect ->> 'key', effect ->> 'phase'
    from jsonb_path_query(new.body::jsonb, '$.plan.targets[*].effects[*]') effect
    on conflict do nothing;
  return null;
end $$;
