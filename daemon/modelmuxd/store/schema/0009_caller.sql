-- The provider that called, where its task is not to go back to it by itself.

ALTER TABLE requests ADD COLUMN caller_excluded TEXT NOT NULL DEFAULT '';
