-- Who pays for an attempt and by which prices, and what plans have paid for, at list price: see domain/bill.py.

ALTER TABLE attempts ADD COLUMN billing TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE attempts ADD COLUMN bill TEXT;
ALTER TABLE attempts ADD COLUMN plan_micros INTEGER;

ALTER TABLE tasks ADD COLUMN plan_micros INTEGER;
ALTER TABLE tasks ADD COLUMN priced_by TEXT NOT NULL DEFAULT '';

ALTER TABLE statistics ADD COLUMN plan_micros INTEGER NOT NULL DEFAULT 0;
