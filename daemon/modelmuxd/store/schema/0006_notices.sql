-- Ends of runs that somebody is still to be told of: see store/notices.py.

ALTER TABLE requests ADD COLUMN notify TEXT NOT NULL DEFAULT '[]';

CREATE TABLE notices (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    target  TEXT NOT NULL,
    tries   INTEGER NOT NULL DEFAULT 0,
    due     REAL NOT NULL,
    PRIMARY KEY (task_id, target)
) STRICT, WITHOUT ROWID;
