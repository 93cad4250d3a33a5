-- What a process says of itself, for `signalbox status`: its customer binds and its last troubles.
alter table processes add column report jsonb;
