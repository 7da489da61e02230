-- What routing learns from, in order, and what it made of it: see store/knowledge.py.

ALTER TABLE attempts ADD COLUMN routed TEXT;
ALTER TABLE attempts ADD COLUMN first_byte REAL;

-- A signal outlives its run: cleaning up runs does not make the router forget.
CREATE TABLE signals (
    id   INTEGER PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;

-- One row.
CREATE TABLE knowledge (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    through INTEGER NOT NULL,
    body    TEXT NOT NULL
) STRICT;

INSERT INTO knowledge VALUES (1, 0, '{}');
