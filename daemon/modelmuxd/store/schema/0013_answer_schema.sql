-- The JSON Schema that a turn's answer is to keep to, for agents that can hold a model to one.

ALTER TABLE requests ADD COLUMN schema TEXT NOT NULL DEFAULT '';
