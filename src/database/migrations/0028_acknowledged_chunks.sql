-- What a user acknowledged of one chunk is one row: the first and the last message id, and all ids
-- in `message_ids`, 16 octets each, one after another. A row of one delivery has no `message_ids`,
-- as in older versions.
alter table outbox_acknowledged
  add column last_id uuid,
  add column message_ids bytea,
  alter column message_ids set storage external;
-- Rows come in about the order of their ids. Reading one message looks at a few pages.
create index outbox_acknowledged_by_ids on outbox_acknowledged using brin
  (message_id uuid_minmax_multi_ops, last_id uuid_minmax_multi_ops)
  with (pages_per_range = 8, autosummarize = on);
