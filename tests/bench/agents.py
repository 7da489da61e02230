"""Many agents that run and say nothing: what they cost the daemon, and how soon its successor has them all again.

    uv run python tests/bench agents

In the demo's private stage, with an agent in place of Codex that begins a session and then sleeps.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import psutil
from bench.daemon import daemon, ok, start, switches
from bench.measure import table
from muxclients.demo.stage import Stage

SILENT = 20
RUNNING = 50
WATCHED_SECONDS = 30.0
SETTLED_SECONDS = 12.0
"""After its last start it still looks at what it has begun."""
ADOPTED = "re-adopted an attempt"

SILENT_CODEX = """#!/bin/sh
[ "$1" = --version ] && { echo 'codex-cli 0.169.0'; exit; }
cat >/dev/null
echo '{"type":"thread.started","thread_id":"01a2020d-c74b-7f82-b1cd-48c0a1743b3d"}'
exec sleep 600
"""


def main() -> None:
    stage = Stage(tempfile.mkdtemp(prefix="mux-bench-"))
    try:
        (Path(stage.folder) / "bin/codex").resolve().write_text(SILENT_CODEX)
        profiles = Path(stage.folder, "mux/config/profiles.toml")
        profiles.parent.mkdir(parents=True)
        profiles.write_text(f"[limits]\nrunning = {RUNNING * 2}\nper_provider = {RUNNING}\n")
        table([*silent(stage), *adopted(stage)])
    finally:
        stage.strike()


def silent(stage: Stage) -> list[tuple[str, str, str]]:
    run(stage, SILENT)
    process = daemon(stage)
    time.sleep(SETTLED_SECONDS)
    before, woken = sum(process.cpu_times()[:2]), switches(process.pid)
    time.sleep(WATCHED_SECONDS)
    used = (sum(process.cpu_times()[:2]) - before) / WATCHED_SECONDS
    woken = switches(process.pid) - woken
    return [
        (f"{SILENT} silent agents, the daemon's share of a core", f"{used:.2%}", "1 %"),
        (f"  wake-ups in {WATCHED_SECONDS:.0f} s", str(woken), ""),
        ("  RSS", f"{process.memory_info().rss / 2**20:.1f} MiB", ""),
    ]


def adopted(stage: Stage) -> list[tuple[str, str, str]]:
    run(stage, RUNNING - SILENT)
    os.kill(daemon(stage).pid, signal.SIGKILL)
    log = Path(stage.folder, "mux/state/modelmuxd.log")
    known = log.read_text().count(ADOPTED)
    begun = time.perf_counter()
    ok(stage, "status", "--json")
    answered = time.perf_counter() - begun
    while log.read_text().count(ADOPTED) - known < RUNNING:
        if time.perf_counter() - begun > 60:
            sys.exit("not all agents were adopted within a minute")
        time.sleep(0.002)
    took = time.perf_counter() - begun
    return [
        (f"kill -9 with {RUNNING} agents: all adopted again", f"{took * 1e3:.0f} ms, its start included", "1 s"),
        ("  first answer of the new daemon", f"{answered * 1e3:.0f} ms", ""),
    ]


def run(stage: Stage, count: int) -> None:
    """So many more agents, all of them running by the time this returns."""
    wanted = len(sleepers(stage)) + count
    for number in range(count):
        start(stage, f"task {number}")
    while len(sleepers(stage)) < wanted:
        time.sleep(0.05)


def sleepers(stage: Stage) -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline", "environ"])
    return [
        one
        for one in found
        if one.info["cmdline"] == ["sleep", "600"] and (one.info["environ"] or {}).get("HOME") == stage.home
    ]


if __name__ == "__main__":
    main()
