-- Lines of another version's files that were taken over, by their digests: see store/imports.py. They outlive the runs.

CREATE TABLE imported (
    line BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
