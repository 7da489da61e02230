-- Sums of what has ended, so that statistics cost the same at a thousand runs and at ten million: see store/buckets.py.
-- `span` is the hours that a row covers: 1, 24 (a day of UTC), or 0 for all time. They outlive the runs they count.

CREATE TABLE statistics (
    span        INTEGER NOT NULL,
    hour        INTEGER NOT NULL,
    provider    TEXT NOT NULL,
    model       TEXT NOT NULL,
    account     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    workdir     TEXT NOT NULL,
    status      TEXT NOT NULL,
    runs        INTEGER NOT NULL,
    calls       INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    input       INTEGER NOT NULL,
    cached      INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output      INTEGER NOT NULL,
    reasoning   INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    unpriced    INTEGER NOT NULL,
    told        INTEGER NOT NULL,
    ms          INTEGER NOT NULL,
    PRIMARY KEY (span, hour, provider, model, account, kind, workdir, status)
) STRICT, WITHOUT ROWID;

-- The folders that have rows of their own, by day of UTC (-1: for all time); the others share one.
CREATE TABLE folders (
    day     INTEGER NOT NULL,
    workdir TEXT NOT NULL,
    PRIMARY KEY (day, workdir)
) STRICT, WITHOUT ROWID;

-- What has ended before there were statistics.
CREATE TEMP TABLE ended AS
SELECT CAST(tasks.ended_at AS INTEGER) / 3600 AS hour,
       iif(tasks.provider <> '', tasks.provider,
           iif(requests.provider = 'auto', '', iif(instr(requests.provider, '/') > 0,
               substr(requests.provider, 1, instr(requests.provider, '/') - 1), requests.provider))) AS provider,
       tasks.model AS model,
       coalesce((SELECT account FROM attempts WHERE task_id = tasks.id ORDER BY number DESC LIMIT 1), '') AS account,
       coalesce(json_extract(requests.origin, '$.kind'), 'cli') AS kind,
       requests.workdir AS workdir,
       tasks.state AS status,
       1 AS runs, 1 AS calls, 0 AS attempts, 0 AS input, 0 AS cached, 0 AS cache_write, 0 AS output, 0 AS reasoning,
       0 AS cost_micros, 0 AS unpriced, 0 AS told,
       coalesce(CAST(round(max(0, tasks.ended_at - tasks.started_at) * 1000) AS INTEGER), 0) AS ms
FROM tasks JOIN requests ON requests.task_id = tasks.id WHERE tasks.ended_at IS NOT NULL
UNION ALL
SELECT CAST(attempts.ended_at AS INTEGER) / 3600, attempts.provider, attempts.model, attempts.account,
       coalesce(json_extract(requests.origin, '$.kind'), 'cli'), requests.workdir,
       iif(attempts.state IN ('success', 'timeout', 'canceled', 'lost'), attempts.state, 'error'),
       0, 0, 1, coalesce(usage.input, 0), coalesce(usage.cached, 0), coalesce(usage.cache_write, 0),
       coalesce(usage.output, 0), coalesce(usage.reasoning, 0), coalesce(attempts.cost_micros, 0),
       attempts.cost_micros IS NULL AND (attempts.state = 'success' OR coalesce(
           usage.input + usage.cached + usage.cache_write + usage.output + usage.reasoning, 0) > 0),
       usage.task_id IS NOT NULL, 0
FROM attempts JOIN requests USING (task_id) LEFT JOIN usage USING (task_id, number)
WHERE attempts.ended_at IS NOT NULL;

INSERT INTO folders SELECT day, workdir FROM (
    SELECT hour / 24 AS day, workdir, row_number() OVER (PARTITION BY hour / 24 ORDER BY count(*) DESC, workdir) AS place
    FROM ended GROUP BY hour / 24, workdir) WHERE place <= 64;
INSERT INTO folders SELECT -1, workdir FROM ended GROUP BY workdir ORDER BY count(*) DESC, workdir LIMIT 256;

INSERT INTO statistics
SELECT spans.span, iif(spans.span = 0, 0, ended.hour / spans.span * spans.span), provider, model, account, kind,
       iif(folders.workdir IS NULL, '*', ended.workdir), status,
       sum(runs), sum(calls), sum(attempts), sum(input), sum(cached), sum(cache_write), sum(output), sum(reasoning),
       sum(cost_micros), sum(unpriced), sum(told), sum(ms)
FROM ended CROSS JOIN (SELECT 0 AS span UNION ALL SELECT 1 UNION ALL SELECT 24) AS spans
LEFT JOIN folders ON folders.workdir = ended.workdir AND folders.day = iif(spans.span = 0, -1, ended.hour / 24)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

DROP TABLE ended;
