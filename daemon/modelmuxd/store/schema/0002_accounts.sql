-- What more than one run at a time needs: accounts that cool down, leases of folders, pauses, budgets, lineage.

ALTER TABLE tasks ADD COLUMN answer TEXT NOT NULL DEFAULT '';

ALTER TABLE requests ADD COLUMN root TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN after TEXT NOT NULL DEFAULT '[]';
ALTER TABLE requests ADD COLUMN not_before REAL;
ALTER TABLE requests ADD COLUMN deadline REAL;
ALTER TABLE requests ADD COLUMN retry_of TEXT NOT NULL DEFAULT '';

CREATE INDEX requests_root ON requests (root, created_at) WHERE root <> '';

-- A sliding window counts attempts by their start.
CREATE INDEX attempts_started ON attempts (started_at);

-- One row for each account that ever cooled down, failed or was probed.
CREATE TABLE accounts (
    account        TEXT PRIMARY KEY,
    provider       TEXT NOT NULL,
    cooldown_until REAL,
    cooldown_kind  TEXT NOT NULL,
    cooldown_text  TEXT NOT NULL,
    failures       INTEGER NOT NULL,
    opened_at      REAL,
    opens_until    REAL,
    probing        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pauses (
    provider TEXT PRIMARY KEY,
    "by"     TEXT NOT NULL,
    since    REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Folders that running attempts write in; as few rows as attempts run.
CREATE TABLE leases (
    task_id INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    root    TEXT NOT NULL,
    workdir TEXT NOT NULL
) STRICT;

-- What budgets have spent, and what running attempts hold back of them, in micro-dollars.
CREATE TABLE buckets (
    bucket TEXT PRIMARY KEY,
    spent  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    bucket  TEXT NOT NULL,
    amount  INTEGER NOT NULL,
    PRIMARY KEY (task_id, bucket)
) STRICT, WITHOUT ROWID;

CREATE INDEX holds_of_bucket ON holds (bucket);
