-- Hours of which only provider, kind and status are told apart, as span -1: see store/buckets.py.

INSERT INTO statistics (span, hour, provider, model, account, kind, workdir, status, runs, calls, attempts, input, cached,
    cache_write, output, reasoning, cost_micros, unpriced, told, ms, plan_micros)
SELECT -1, hour, provider, '', '', kind, '', status, sum(runs), sum(calls), sum(attempts), sum(input), sum(cached),
    sum(cache_write), sum(output), sum(reasoning), sum(cost_micros), sum(unpriced), sum(told), sum(ms), sum(plan_micros)
FROM statistics WHERE span = 1 GROUP BY hour, provider, kind, status;
