-- What the platform does. Writes are serialised by the row of platform_revision, so revisions have
-- no gaps that a follower could miss; deletes leave a tombstone for the same reason.
create table platform_revision (
  only_row boolean primary key default true check (only_row),
  revision bigint not null
);
insert into platform_revision (revision) values (0);

create table resources (
  kind text not null,
  id text not null,
  spec jsonb not null,
  revision bigint not null,
  deleted boolean not null default false,
  primary key (kind, id)
);
create index resources_by_revision on resources (revision);

-- Which processes run, and where they listen. Gateways find routers here.
create table processes (
  component text not null,
  instance text not null,
  address text not null,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  primary key (component, instance)
);

-- Who holds which upstream bind. `held_until` counts from the holder's last renewal.
create table bind_slots (
  connector text not null,
  slot int not null,
  holder text not null,
  held_until timestamptz not null,
  primary key (connector, slot)
);
