-- Functions of earlier versions that nothing calls any more. Applied before the functions.
drop function if exists accept_request(text, text, text, text, text, text, text, text);
drop function if exists record_command(text, text);
drop function if exists record_plan_in_turn(text, text);
drop function if exists append_of_worker(text, text, text);
drop function if exists reserve_real_effect(text, text, bigint);
drop function if exists place_any_hold(text, text);
