-- Runs that work in a git worktree of their own: where, what they changed there, and what the project says of it.

ALTER TABLE requests ADD COLUMN worktree TEXT;

ALTER TABLE tasks ADD COLUMN changes TEXT;
ALTER TABLE tasks ADD COLUMN verified TEXT;
