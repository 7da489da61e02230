-- Tasks made of tasks: see store/composites.py.

ALTER TABLE requests ADD COLUMN plan TEXT;
ALTER TABLE requests ADD COLUMN part_of TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN step TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN round INTEGER NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX requests_turns ON requests (part_of, step, round) WHERE part_of <> '';
