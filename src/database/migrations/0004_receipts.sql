-- Whose message an upstream id is: a receipt that may be about messages of several accounts is
-- nobody's. '' where an older version wrote the row.
alter table upstream_ids add column account text not null default '';

-- Why a receipt waits: 'unmatched', 'ambiguous' (messages of several accounts fit) or 'without id'.
alter table parked_receipts add column reason text not null default 'unmatched';

-- `stat` is the word of a receipt whose meaning nobody knows, kept for the trace. `ended_by` is the
-- SMSC's id in the receipt that ended the message: when a message was sent twice, the copy that was
-- delivered counts.
alter table messages add column stat text, add column ended_by text;
