-- Micro-dollars that a run may cost in all, where its user has said so.

ALTER TABLE requests ADD COLUMN max_cost_micros INTEGER;
