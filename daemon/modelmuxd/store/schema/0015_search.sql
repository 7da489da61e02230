-- Words of ended runs: see store/search.py. The index keeps no texts of its own; what it was told of a run is found in
-- requests, outputs and (the head of an answer that lies in a file) heads.

CREATE VIRTUAL TABLE texts USING fts5 (task, output, content = '', columnsize = 0, tokenize = 'unicode61');

CREATE TABLE heads (
    task_id INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    head    TEXT NOT NULL
) STRICT;

-- Ended runs whose words are not in the index yet.
CREATE TABLE unsearched (
    task_id INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE
) STRICT;

INSERT INTO unsearched SELECT id FROM tasks WHERE ended_at IS NOT NULL;

CREATE INDEX tasks_of_provider ON tasks (provider, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX tasks_in_state ON tasks (state, ended_at) WHERE ended_at IS NOT NULL;
