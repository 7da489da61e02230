"""The daemon as a whole: cold start, memory and wake-ups at rest, and 200 dispatches of an instant agent at once.

    uv run python tests/bench daemon

It runs in the demo's private stage, with an agent in place of Codex that answers at once and calls nobody.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from bench.measure import PASS, bare_interpreter, interleaved, table
from muxclients.demo.stage import Stage

COLD_ROUNDS = 15
REST_SECONDS = 20.0
DISPATCHES = 200
CLIENTS = 20
"""Client processes at a time; more would measure the start of interpreters."""

INSTANT_CODEX = """#!/bin/sh
[ "$1" = --version ] && { echo 'codex-cli 0.169.0'; exit; }
cat >/dev/null
echo '{"type":"thread.started","thread_id":"01a2020d-c74b-7f82-b1cd-48c0a1743b3d"}'
echo '{"type":"turn.started"}'
echo '{"type":"item.completed","item":{"id":"item_0","type":"agent_message","text":"done"}}'
echo '{"type":"turn.completed","usage":{"input_tokens":9,"cached_input_tokens":0,"output_tokens":1}}'
"""


def main() -> None:
    stage = Stage(tempfile.mkdtemp(prefix="mux-bench-"))
    try:
        (Path(stage.folder) / "bin/codex").resolve().write_text(INSTANT_CODEX)
        table([*cold_start(stage), *at_rest(stage), *many_at_once(stage)])
    finally:
        stage.strike()


def cold_start(stage: Stage) -> list[tuple[str, str, str]]:
    """From no daemon to the answer of the first client. Stopping the one before is not in the time."""
    times = []
    floors = []
    for _ in range(COLD_ROUNDS):
        stage.muxctl("daemon", "stop", "--kill")
        took = interleaved({PASS: bare_interpreter, "status": lambda: ok(stage, "status", "--json")}, 1)
        floors.append(took[PASS])
        times.append(took["status"])
    median, floor = sorted(times)[COLD_ROUNDS // 2], sorted(floors)[COLD_ROUNDS // 2]
    return [("cold start, first answer", f"{median * 1e3:.0f} ms, {median / floor:.1f}x {PASS}", "25x, aim 15x")]


def at_rest(stage: Stage) -> list[tuple[str, str, str]]:
    ok(stage, "status", "--json")
    time.sleep(2)  # whatever it still does after its start
    process = daemon(stage)
    before = switches(process.pid)
    time.sleep(REST_SECONDS)
    woken = switches(process.pid) - before
    rss = process.memory_info().rss / 2**20
    return [
        ("daemon at rest, RSS", f"{rss:.1f} MiB", "40 MiB"),
        (f"daemon at rest, wake-ups in {REST_SECONDS:.0f} s", str(woken), "due timers only"),
    ]


def many_at_once(stage: Stage) -> list[tuple[str, str, str]]:
    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        runs = list(pool.map(lambda number: start(stage, f"task {number}"), range(DISPATCHES)))
    accepted = time.perf_counter() - begun
    states = [run["status"] for run in json.loads(ok(stage, "wait", "--json", *runs))["runs"]]
    took = time.perf_counter() - begun
    process = daemon(stage)
    rss = process.memory_info().rss / 2**20
    done = states.count("success")
    return [
        (f"{DISPATCHES} dispatches at once, success", f"{done} of {len(set(runs))} recorded", f"all {DISPATCHES}"),
        ("  accepted in", f"{accepted:.2f} s, {DISPATCHES / accepted:.0f}/s", ""),
        ("  ended in", f"{took:.2f} s, {DISPATCHES / took:.1f}/s", "0.29: 0.48/s"),
        ("  daemon RSS after", f"{rss:.1f} MiB", ""),
    ]


def start(stage: Stage, task: str) -> str:
    words = ("dispatch", "--json", "--background", "-p", "codex", "--", task)
    return str(json.loads(ok(stage, *words))["run_id"])


def ok(stage: Stage, *words: str) -> str:
    done = stage.muxctl(*words)
    if done.returncode != 0:
        sys.exit(f"muxctl {' '.join(words)[:80]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def daemon(stage: Stage) -> psutil.Process:
    return psutil.Process(json.loads(ok(stage, "daemon", "status", "--json"))["pid"])


def switches(pid: int) -> int:
    """How often the scheduler has given any of its threads the processor (proc(5), `voluntary_ctxt_switches`)."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        for line in status.read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


if __name__ == "__main__":
    main()
