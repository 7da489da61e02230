-- What a run's user gives up for what, where he has said so for this run.

ALTER TABLE requests ADD COLUMN prefer TEXT NOT NULL DEFAULT '';
