"""What the MCP server costs an IDE: shim beside `python -c pass`, daemon with its sessions, times of answers."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
from bench.measure import table
from shim.world import SHIM, Pipe, World, info

ROUNDS = 21
MIB = 1024 * 1024
HANDSHAKE: tuple[dict[str, Any], ...] = (
    {
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info()},
    },
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/list"},
)


def main() -> None:
    world = World(tempfile.mkdtemp(prefix="mux"))
    try:
        cold = seconds(lambda: session(world, HANDSHAKE[:1]))
        rows = [("no daemon: spawn to `initialize`", f"{cold:.2f} s", "≤ 2.5 s"), *start(world)]
        table([*rows, *memory(world), *answers(world), ("tool definitions", f"{definitions(world)} B", "≤ 9000 B")])
    finally:
        world.strike()
        shutil.rmtree(world.folder, ignore_errors=True)


def seconds(once: Callable[[], object]) -> float:
    begun = time.perf_counter()
    once()
    return time.perf_counter() - begun


def spend(argv: list[str], env: dict[str, str], lines: tuple[dict[str, Any], ...]) -> tuple[float, float]:
    """Wall seconds until the last answer, and the process's CPU seconds."""
    begun = time.perf_counter()
    process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    for line in lines:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **line}).encode() + b"\n")
    process.stdin.flush()
    for line in lines:
        if "id" in line:
            process.stdout.readline()
    wall = time.perf_counter() - begun if lines else 0.0
    process.stdin.close()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    process.stdout.close()
    return wall or time.perf_counter() - begun, usage.ru_utime + usage.ru_stime


def session(world: World, lines: tuple[dict[str, Any], ...]) -> tuple[float, float]:
    return spend([SHIM], world.env, lines)


def start(world: World) -> list[tuple[str, str, str]]:
    taken: dict[str, list[tuple[float, float]]] = {"pass": [], "initialize": [], "tools/list": []}
    for _ in range(ROUNDS):
        taken["pass"].append(spend([sys.executable, "-c", "pass"], world.env, ()))
        taken["initialize"].append(session(world, HANDSHAKE[:1]))
        taken["tools/list"].append(session(world, HANDSHAKE))
    wall, cpu = (
        {name: statistics.median(one[which] for one in times) for name, times in taken.items()} for which in (0, 1)
    )
    return [
        (f"spawn to `{name}`, {what} beside `python -c pass`", f"{found[name] / found['pass']:.2f}×", limit)
        for name in ("initialize", "tools/list")
        for what, found, limit in (("CPU", cpu, "≤ 1.4×"), ("wall", wall, "≤ 2.5×"))
    ]


def memory(world: World) -> list[tuple[str, str, str]]:
    with ExitStack() as stack:
        pipes = [stack.enter_context(world.pipe()) for _ in range(20)]
        shims = [psutil.Process(pipe.process.pid).memory_info().rss / MIB for pipe in pipes]
        daemon = world.daemon().memory_info().rss / MIB
    return [
        ("a shim at rest", f"{statistics.median(shims):.1f} MiB", "≤ 12 MiB"),
        ("the daemon with 20 idle sessions", f"{daemon:.0f} MiB", "≤ 110 MiB"),
    ]


def trip(pipe: Pipe, id: str, ask: Callable[[], object]) -> float:
    def once() -> None:
        ask()
        pipe.answer(id)

    return seconds(once) * 1000


def answers(world: World) -> list[tuple[str, str, str]]:
    with world.pipe() as pipe:
        checks = sorted(trip(pipe, f"c{n}", lambda n=n: pipe.call(f"c{n}", "mux_check")) for n in range(300))  # type: ignore[misc]
        daemon, shim = world.daemon(), psutil.Process(pipe.process.pid)
        task = "head -c 10000000 /dev/zero | tr '\\0' x"
        pipe.call("big", "mux_dispatch", task=task, provider="sh")
        run = pipe.answer("big")["structuredContent"]["run_id"]
        before = (daemon.memory_info().rss, shim.memory_info().rss)
        whole = trip(pipe, "whole", lambda: pipe.ask("whole", "resources/read", uri=f"mux://runs/{run}/output"))
        grown = [(process.memory_info().rss - was) / MIB for process, was in zip((daemon, shim), before, strict=True)]
        end = Path(world.project, "end")
        for n in range(50):
            pipe.call(n + 1, "mux_dispatch", task=f"until [ -e {end} ]; do sleep 0.2; done", provider="sh")
        pings = sorted(trip(pipe, f"p{n}", lambda n=n: pipe.ask(f"p{n}", "ping")) for n in range(1000))  # type: ignore[misc]
        end.touch()
        for n in range(50):
            pipe.answer(n + 1)
    return [
        ("`mux_check`, round trip p50", f"{checks[150]:.1f} ms", "≤ 5 ms"),
        ("`ping` during 50 dispatches, p99", f"{pings[990]:.1f} ms", "≤ 20 ms"),
        ("10 MB read as a resource", f"{whole:.0f} ms; daemon +{grown[0]:.0f}, shim +{grown[1]:.0f} MiB", "bounded"),
    ]


def definitions(world: World) -> int:
    with world.pipe() as pipe:
        pipe.ask("t", "tools/list")
        lean = [
            {name: one for name, one in tool.items() if name != "outputSchema"} for tool in pipe.answer("t")["tools"]
        ]
    return len(json.dumps(lean, ensure_ascii=False, separators=(",", ":")).encode())


if __name__ == "__main__":
    main()
