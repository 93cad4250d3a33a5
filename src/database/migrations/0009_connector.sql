-- When an operator moved a message to another connector, and from which one it came first.
alter table messages add column moved_at timestamptz, add column moved_from text;
