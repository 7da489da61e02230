-- What of the tokens written to a cache is kept for an hour and not for five minutes.

ALTER TABLE usage ADD COLUMN cache_write_hour INTEGER NOT NULL DEFAULT 0;
