-- Which task of a benchmark a run does, as JSON.

ALTER TABLE requests ADD COLUMN trial TEXT;
