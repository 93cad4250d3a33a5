-- Whether the holder of a slot has the connector bound, over whichever of its slots. Null is from a
-- worker of the version before, which does not say: it counts as bound.
alter table bind_slots add column bound boolean;
