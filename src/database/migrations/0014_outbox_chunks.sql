-- Deliveries in chunks: a row holds what one transaction of a dlr-processor has for one user, so a
-- claim and a settlement cost a row each instead of one per delivery. A row is written once and
-- deleted once; who delivers it stands in outbox_leases. What has to wait for another attempt
-- leaves its chunk and becomes a row of `outbox`, as do refused and expired deliveries.
create table outbox_chunks (
  id bigint primary key default nextval('outbox_id_seq'),
  -- Claims go in this order. What is put back keeps its place.
  place bigint not null default nextval('outbox_id_seq'),
  account text not null,
  user_id text not null,
  deliveries int not null,
  payload bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
-- Compressing 50 KB takes longer than writing them.
alter table outbox_chunks alter column payload set storage external;
create index outbox_chunks_of_user on outbox_chunks (account, user_id, place);
create index outbox_chunks_of_account on outbox_chunks (account, place);
create index outbox_chunks_by_expiry on outbox_chunks (expires_at);
create index outbox_chunks_by_time on outbox_chunks using brin (created_at);

-- Which gateway delivers a chunk, and until when nobody else may.
create table outbox_leases (
  chunk_id bigint primary key,
  instance text not null,
  until timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index outbox_leases_by_instance on outbox_leases (instance);

-- Rows are claimed in the order in which they are due, so that those in back-off cost nothing.
create index outbox_due_of_user on outbox (account, user_id, visible_at) where state = 'pending';
create index outbox_due on outbox (account, visible_at) where state = 'pending';
create index outbox_by_lease on outbox (leased_by) where state = 'pending' and leased_by is not null;
create index outbox_by_expiry on outbox (expires_at) where state = 'pending';
drop index outbox_pending;
drop index outbox_pending_of_user;
