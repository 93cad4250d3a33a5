-- Which worker process works on an envelope. A process keeps changing the beat of its row while it
-- lives. Whoever sees the same beat for a whole lease deletes the row, and an owner without a row
-- owns nothing. No clock is compared, neither ours nor the server's.
create table envelope_owners (
  owner uuid primary key,
  instance text not null,
  beat bigint not null default 0
) with (fillfactor = 50, autovacuum_vacuum_cost_delay = 0);

-- A checkpoint without an owner is free: its envelope was let go of, or an older version wrote it.
-- An owner that has not begun submits nothing: it only looks after the envelope. `takeovers` counts
-- owners that died over the envelope after they had begun, `unanswered` the submissions of open
-- messages that got no answer. A finished envelope keeps its row for a day, without outcomes.
alter table checkpoints
  add column owner uuid,
  add column begun boolean not null default true,
  add column takeovers int not null default 0,
  add column unanswered bytea,
  add column finished_at timestamptz;
-- Each row is updated two or three times: with room left in its page that touches no index.
alter table checkpoints set (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
