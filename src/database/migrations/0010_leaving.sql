-- Since when a waiting envelope is on its way back to its queue. The mark under which it is
-- published once must live for as long as that is so.
alter table later add column leaving_at timestamptz;
