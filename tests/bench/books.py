"""The books at any size, as processes: `PYTHONPATH=tests python -m bench.books [RUNS [FILE]]`.

What `muxctl` costs beside a large record, an export of all of it, the end of a run there beside one in a small record,
what 0.29 kept taken over, and eight processes at once. bench/history.py has what the daemon takes for a question.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from statistics import median

import anyio
import psutil
from bench.daemon import daemon, ok, start
from bench.measure import PASS, bare_interpreter, table
from bench.record import RARE, make
from modelmuxd.domain.usage import Usage
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.tasks import open_store
from muxclients.demo.stage import MUXCTL, Stage
from store.builders import a_claim, a_task, an_end

Row = tuple[str, str, str]

RUNS = 100_000
ROUNDS = 15
SMALL = 1_000
SETTLED = 400
OLD = 50_000
"""Lines of history.jsonl."""
PROCESSES, EACH = 8, 200
MIB = 1 << 20

BIG_CODEX = f"""#!/bin/sh
[ "$1" = --version ] && {{ echo 'codex-cli 0.169.0'; exit; }}
cat >/dev/null
echo '{{"type":"thread.started","thread_id":"01a2020d-c74b-7f82-b1cd-48c0a1743b3d"}}'
echo '{{"type":"item.completed","item":{{"id":"item_0","type":"agent_message","text":"{"well " * 4000}"}}}}'
echo '{{"type":"turn.completed","usage":{{"input_tokens":9,"cached_input_tokens":0,"output_tokens":1}}}}'
"""


def main(runs: int, file: Path) -> None:
    if not file.exists():
        make(file, runs)
    rows = [*in_a_stage(lambda stage: beside(stage, file)), *anyio.run(settled, file), *in_a_stage(taken_over)]
    print(f"load {os.getloadavg()[0]:.1f}")
    table([*rows, *in_a_stage(eight_at_once)])


def in_a_stage(work: Callable[[Stage], list[Row]]) -> list[Row]:
    stage = Stage(tempfile.mkdtemp(prefix="mux-bench-"))
    try:
        return work(stage)
    finally:
        stage.strike()


def beside(stage: Stage, file: Path) -> list[Row]:
    """The record itself, not a copy: the daemon writes no more than its start into it."""
    state = Path(stage.env["MODELMUX_HOME"]) / "state"
    state.mkdir(parents=True, mode=0o700)
    (state / "modelmux.db").symlink_to(file.resolve())
    ok(stage, "status")
    process = daemon(stage)
    before = process.memory_info().rss
    words = ("history",), ("history", "--stats", "--costs"), ("history", "--trend", "day")
    rows = [cpu(stage, *each) for each in (*words, ("history", "-s", RARE))]
    rows.append(exported(stage))
    grown = (process.memory_info().rss - before) / MIB
    return [*rows, ("the daemon has grown by", f"{grown:.1f} MiB", "16 MiB")]


def cpu(stage: Stage, *words: str) -> Row:
    """Processor time of the client, in turns with the bare interpreter."""
    bare, ours = list[float](), list[float]()
    for _ in range(ROUNDS):
        bare.append(_used(bare_interpreter))
        ours.append(_used(lambda: ok(stage, *words)))
    return f"muxctl {' '.join(words)}", f"{median(ours) / median(bare):.2f}x {PASS}", "7x"


def _used(once: Callable[[], object]) -> float:
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    once()
    done = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.ru_utime + done.ru_stime - begun.ru_utime - begun.ru_stime


def exported(stage: Stage) -> Row:
    process, peak = daemon(stage), 0
    words = [sys.executable, "-c", MUXCTL, "export", "-f", "jsonl", "-o", "/dev/null"]
    begun, used = time.perf_counter(), _spent(process)
    with subprocess.Popen(words, cwd=stage.project, env=stage.env) as client:
        while client.poll() is None:
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.2)
    took, used = time.perf_counter() - begun, _spent(process) - used
    count = json.loads(ok(stage, "history", "--stats", "--json"))["total"]
    said = (
        f"{count / took:,.0f} rows/s, {1e6 * used / count:.1f} µs of processor a row, RSS at most {peak / MIB:.0f} MiB"
    )
    return "export of all of it as JSON lines", said, "100,000 rows/s"


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def settled(file: Path) -> list[Row]:
    """Runs end in a small and in the large record, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        make(small := Path(folder) / "small.db", SMALL)
        async with open_store(small) as few, open_store(file) as many:
            took: tuple[list[float], list[float]] = [], []
            for number in range(SETTLED):
                for times, store in zip(took, (few, many), strict=True):
                    times.append(await _settle(store, number))
    few_ms, many_ms = (1e3 * median(times) for times in took)
    said = f"{few_ms:.2f} and {many_ms:.2f} ms, {many_ms / few_ms:.2f}x"
    return [(f"the end of a run among {SMALL} and in there", said, "1.5x")]


async def _settle(store: TaskStore, number: int) -> float:
    now, name = time.time(), time.time_ns() // 1000
    await store.submit(a_task(name, created_at=now, task="w0001 " * 33, workdir=f"/w/{number % 20}"))
    attempt = (await store.claim(a_claim(name), now)).attempt
    assert attempt is not None
    begun = time.perf_counter()
    await store.settle(an_end(attempt, output="w0001 " * 333, usage=Usage(input=1000, output=500)), now + 5)
    return time.perf_counter() - begun


def taken_over(stage: Stage) -> list[Row]:
    """As 0.29 wrote them down: 200 bytes of task, 2 kB of answer."""
    chance, words = Random(1), [f"w{number:04d}" for number in range(5000)]
    answers = [" ".join(chance.choices(words, k=333)) for _ in range(50)]
    folder = Path(stage.folder) / "old"
    folder.mkdir()
    with (folder / "history.jsonl").open("w") as out:
        for number in range(OLD):
            line = {
                "run_id": f"{number:08x}",
                "provider": "codex",
                "status": "success",
                "output": chance.choice(answers),
            }
            usage = {"input_tokens": 1200, "output_tokens": 340, "total_tokens": 1540}
            asked = {"task": " ".join(chance.choices(words, k=33)), "source": "cli-dispatch"}
            at = {"ts": 1_700_000_000.0 + 60 * number, "duration_seconds": 2.5}
            out.write(json.dumps({**line, "token_usage": usage, **asked, **at}) + "\n")
    ok(stage, "status")
    begun = time.perf_counter()
    ok(stage, "import", "0.29", "--from", str(folder))
    return [("import of 0.29's history", f"{OLD / (time.perf_counter() - begun):,.0f} lines/s", "50,000 lines/s")]


def eight_at_once(stage: Stage) -> list[Row]:
    (Path(stage.folder) / "bin/codex").resolve().write_text(BIG_CODEX)
    with ThreadPoolExecutor(PROCESSES) as pool:
        begun = time.perf_counter()
        runs = [run for some in pool.map(lambda number: _several(stage, number), range(PROCESSES)) for run in some]
    ended = json.loads(ok(stage, "wait", "--json", *runs))["runs"]
    took = time.perf_counter() - begun
    lines = [json.loads(line) for line in ok(stage, "export", "-f", "jsonl").splitlines()]
    there = sum(line["status"] == "success" and line["output_size"] >= 20_000 for line in lines)
    said = f"{there} of {len(set(runs))} there, {len(ended) / took:.0f} runs/s"
    return [(f"{PROCESSES} processes x {EACH} runs x 20 kB", said, f"{PROCESSES * EACH} of {PROCESSES * EACH}")]


def _several(stage: Stage, number: int) -> list[str]:
    return [start(stage, f"task {number}.{each}") for each in range(EACH)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        size, kept = (sys.argv[1:] + [""] * 2)[:2]
        main(int(size or RUNS), Path(kept or f"{scratch}/db"))
