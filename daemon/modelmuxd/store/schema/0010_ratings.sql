-- What users think of answers: one for each run, the newest counts. `judged` is what routing was told by it, so that it
-- can be taken back.

CREATE TABLE ratings (
    task_id  INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    at       REAL NOT NULL,
    provider TEXT NOT NULL,
    rating   INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
    comment  TEXT NOT NULL,
    judged   TEXT NOT NULL
) STRICT;

CREATE INDEX ratings_at ON ratings (at);
