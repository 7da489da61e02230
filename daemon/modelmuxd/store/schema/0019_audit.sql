-- Decisions are only ever added; they go with their run, when that is cleaned away at its user's word: see store/audit.py.

CREATE INDEX decisions_at ON decisions (at);
CREATE INDEX requests_created ON requests (created_at);

CREATE TRIGGER decisions_are_not_changed BEFORE UPDATE ON decisions BEGIN
    SELECT RAISE(ABORT, 'what was decided is not changed');
END;

CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions WHEN EXISTS (SELECT 1 FROM tasks WHERE id = OLD.task_id) BEGIN
    SELECT RAISE(ABORT, 'what was decided stays with its run');
END;
