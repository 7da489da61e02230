-- Column names are the field names of the structs in store/records.py. Times are Unix seconds, money is micro-dollars,
-- nested values are JSON. Written for SQLite 3.37 and later: STRICT tables, no JSONB.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('epoch', 0);

-- Always empty; what passes through it keeps room for a full disk.
CREATE TABLE reserve (
    bytes BLOB NOT NULL
) STRICT;

-- Where a task stands. Small on purpose: every event rewrites this row, so the long texts live in tables of their own.
CREATE TABLE tasks (
    id            INTEGER PRIMARY KEY,
    run_id        TEXT NOT NULL UNIQUE,
    state         TEXT NOT NULL,
    waiting       TEXT,
    waiting_for   TEXT NOT NULL DEFAULT '',
    not_before    REAL,
    started_at    REAL,
    ended_at      REAL,
    last_seq      INTEGER NOT NULL DEFAULT 0,
    provider      TEXT NOT NULL DEFAULT '',
    model         TEXT NOT NULL DEFAULT '',
    session_id    TEXT NOT NULL DEFAULT '',
    summary       TEXT NOT NULL DEFAULT '',
    output_file   TEXT NOT NULL DEFAULT '',
    output_size   INTEGER NOT NULL DEFAULT 0,
    fault         TEXT,
    usage         TEXT,
    cost_micros   INTEGER,
    enforced      TEXT,
    failover_from TEXT NOT NULL DEFAULT '',
    attempts      INTEGER NOT NULL DEFAULT 0,
    canceling     INTEGER NOT NULL DEFAULT 0,
    CHECK (state IN ('queued', 'waiting', 'running', 'success', 'error', 'timeout', 'canceled', 'blocked', 'lost')),
    CHECK ((ended_at IS NULL) = (state IN ('queued', 'waiting', 'running'))),
    CHECK ((waiting IS NULL) = (state <> 'waiting'))
) STRICT;

CREATE INDEX tasks_unfinished ON tasks (id) WHERE ended_at IS NULL;
CREATE INDEX tasks_ended ON tasks (ended_at) WHERE ended_at IS NOT NULL;

-- What was asked; written once.
CREATE TABLE requests (
    task_id         INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    created_at      REAL NOT NULL,
    provider        TEXT NOT NULL,
    model           TEXT NOT NULL,
    sandbox         TEXT NOT NULL,
    workdir         TEXT NOT NULL,
    session_id      TEXT NOT NULL,
    timeout         INTEGER NOT NULL,
    max_retries     INTEGER NOT NULL,
    failover        INTEGER NOT NULL,
    profile         TEXT NOT NULL,
    effort          TEXT NOT NULL,
    priority        INTEGER NOT NULL,
    origin          TEXT NOT NULL,
    env             TEXT NOT NULL,
    env_names       TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    payload_hash    TEXT NOT NULL,
    blocked         TEXT,
    task            TEXT NOT NULL
) STRICT;

-- What was answered, when it is small; written once.
CREATE TABLE outputs (
    task_id INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    output  TEXT NOT NULL
) STRICT;

-- Idempotency keys, scoped to the caller and kept as long as the run.
CREATE TABLE keys (
    kind      TEXT NOT NULL,
    principal TEXT NOT NULL,
    key       TEXT NOT NULL,
    task_id   INTEGER NOT NULL UNIQUE REFERENCES tasks (id) ON DELETE CASCADE,
    PRIMARY KEY (kind, principal, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    task_id     INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    provider    TEXT NOT NULL,
    account     TEXT NOT NULL,
    model       TEXT NOT NULL,
    epoch       INTEGER NOT NULL,
    folder      TEXT NOT NULL,
    started_at  REAL NOT NULL,
    ended_at    REAL,
    state       TEXT NOT NULL,
    exit_code   INTEGER,
    fault       TEXT,
    session_id  TEXT NOT NULL,
    cost_micros INTEGER,
    enforced    TEXT,
    argv        TEXT NOT NULL,
    cli_version TEXT NOT NULL,
    PRIMARY KEY (task_id, number),
    CHECK ((ended_at IS NULL) = (state = 'running'))
) STRICT, WITHOUT ROWID;

CREATE INDEX attempts_running ON attempts (account) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX attempts_one_at_a_time ON attempts (task_id) WHERE ended_at IS NULL;
CREATE INDEX attempts_session ON attempts (provider, session_id) WHERE session_id <> '';

-- Tokens as facts, one row for each attempt that told us.
CREATE TABLE usage (
    task_id     INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    input       INTEGER NOT NULL,
    cached      INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output      INTEGER NOT NULL,
    reasoning   INTEGER NOT NULL,
    model       TEXT NOT NULL,
    rule        TEXT NOT NULL,
    raw         TEXT NOT NULL,
    cumulative  INTEGER NOT NULL,
    PRIMARY KEY (task_id, number),
    FOREIGN KEY (task_id, number) REFERENCES attempts (task_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row for each event of muxwire.events, clustered by run; the answer's text is among them.
CREATE TABLE events (
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (task_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
    id      INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    at      REAL NOT NULL,
    kind    TEXT NOT NULL,
    text    TEXT NOT NULL,
    data    TEXT NOT NULL
) STRICT;

CREATE INDEX decisions_of_task ON decisions (task_id);
