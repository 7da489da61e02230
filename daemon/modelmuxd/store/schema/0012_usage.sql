-- How many calls of a model were counted together, and what each model used where several answered, as JSON.

ALTER TABLE usage ADD COLUMN requests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN shares TEXT NOT NULL DEFAULT '[]';
