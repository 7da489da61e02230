-- What attempts were thought to have cost before they were priced anew: see store/repricing.py.

CREATE TABLE repricings (
    id          INTEGER PRIMARY KEY,
    task_id     INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at          REAL NOT NULL,
    cost_micros INTEGER,
    plan_micros INTEGER,
    bill        TEXT,
    FOREIGN KEY (task_id, number) REFERENCES attempts (task_id, number) ON DELETE CASCADE
) STRICT;

CREATE INDEX repricings_of_attempt ON repricings (task_id, number);
