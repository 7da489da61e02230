"""What the command line costs, as a ratio to `python -c pass` of the same interpreter: `python tests/bench/hot.py`.

CPU and wall time are medians of interleaved runs; instructions are counted by callgrind where valgrind is installed,
and do not depend on load. The daemon is a scripted stand-in, so only the client is measured. Bytecode is compiled
first; interpreters that install their scripts by an old pip pay for its `import re` (see the ecosystem notes).
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from cli_stage import RUN, Daemon, daemon, environment, script

PASS = [sys.executable, "-c", "pass"]
LIMITS = {"version": 1.4, "status": 1.4, "wait": 1.4, "cancel": 1.4, "show": 1.4, "dispatch": 1.6}
LINES = {
    "version": ["version"],
    "status": ["status"],
    "wait": ["wait", RUN],
    "cancel": ["cancel", RUN],
    "show": ["show", RUN],
    "dispatch": ["dispatch", "-p", "codex", "mend the failing test"],
    "dispatch 20 kB": ["dispatch", "word " * 4096],
    "--help": ["--help"],
    "show --help": ["show", "--help"],
    "logs": ["logs", RUN],
    "version, no daemon": ["version"],
}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("-n", "--runs", type=int, default=21)
    words.add_argument("--no-callgrind", action="store_true")
    asked = words.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"Python {sys.version.split()[0]}, {asked.runs} interleaved runs, medians; × is to `python -c pass`")
    with daemon() as stage:
        env = environment(stage)
        times = measure(env, asked.runs)
        counts = {} if asked.no_callgrind or not shutil.which("valgrind") else count(env)
        report(times, counts)
        leave(stage)


def commands(env: dict[str, str]) -> list[tuple[str, list[str], dict[str, str]]]:
    lines = [(name, [script(), *line], env) for name, line in LINES.items()]
    lines[-1] = (lines[-1][0], lines[-1][1], {**env, "MODELMUX_HOME": env["MODELMUX_HOME"] + "/none"})
    return [("pass", PASS, env), *lines]


def measure(env: dict[str, str], runs: int) -> dict[str, tuple[float, float]]:
    """Median CPU and wall seconds of each command."""
    taken: dict[str, list[tuple[float, float]]] = {}
    for _ in range(runs + 1):
        for name, line, around in commands(env):
            taken.setdefault(name, []).append(once(line, around))
    return {
        name: (statistics.median(cpu for cpu, _ in pairs[1:]), statistics.median(wall for _, wall in pairs[1:]))
        for name, pairs in taken.items()
    }


def once(line: Sequence[str], env: dict[str, str]) -> tuple[float, float]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(line, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def count(env: dict[str, str]) -> dict[str, int]:
    """Instructions of each command."""
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    found = {}
    for name, line, around in commands(env):
        if line[0] == script():
            line = [sys.executable, *line]
        done = subprocess.run([*tool, *line], env=around, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        match = re.search(rb"Collected : (\d+)", done.stderr)
        assert match is not None
        found[name] = int(match[1])
    return found


def report(times: dict[str, tuple[float, float]], counts: dict[str, int]) -> None:
    cpu, wall = times["pass"]
    print(f"{'':20}{'CPU ms':>8}{'×':>7}{'wall ms':>9}{'×':>7}{'M instr.':>10}{'×':>7}   must")
    for name, (its_cpu, its_wall) in times.items():
        line = f"{name:20}{its_cpu * 1e3:8.1f}{its_cpu / cpu:7.2f}{its_wall * 1e3:9.1f}{its_wall / wall:7.2f}"
        if counts:
            line += f"{counts[name] / 1e6:10.1f}{counts[name] / counts['pass']:7.2f}"
        must = 0.0 if name == "pass" else LIMITS.get(name, 1.6 if name.startswith("dispatch") else 7.0)
        print(line + (f"   ≤ {must:g}" if must else ""))


def leave(stage: Daemon) -> None:
    """Says that the figures are of real calls."""
    print(f"calls answered: {len(stage.asked)}")


if __name__ == "__main__":
    main()
