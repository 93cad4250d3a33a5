-- Deliveries wait for the user who submitted the message, or for anybody of an account whose
-- setting says so: each has its index, in the order of claims.
alter table outbox add column user_id text;
update outbox as o set user_id = m.user_id from messages as m where m.message_id = o.message_id;
create index outbox_pending_of_user on outbox (account, user_id, id) where state = 'pending';

-- A dlr-processor of the version before knows no user: its rows take that of their message.
create function outbox_user_of_message() returns trigger language plpgsql as $$
begin
  new.user_id := (select m.user_id from messages as m where m.message_id = new.message_id);
  return new;
end
$$;
create trigger outbox_user_of_message before insert on outbox
  for each row when (new.user_id is null) execute function outbox_user_of_message();
