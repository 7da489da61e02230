-- Runs whose output was cleaned away: see store/retention.py.

ALTER TABLE tasks ADD COLUMN cleaned INTEGER NOT NULL DEFAULT 0;
