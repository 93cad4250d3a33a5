-- Waiting messages leave queue by queue, each queue those first that are due first, and are counted
-- by queue without a look at their rows. The index by due_at alone serves processes of the version
-- before.
create index later_by_queue on later (queue, due_at) include (messages);
