"""A warm dispatch, RPC in to RPC out, of an agent that answers at once: what stands between it and the agent itself.

    uv run python tests/bench dispatch

Beside it in the same rounds: the same agent run directly under `sh`, and a bare 4 KiB append with fsync on the same
disk. The fsyncs of the daemon are counted by strace, where that is installed.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.daemon import INSTANT_CODEX, daemon, ok
from bench.measure import table
from muxclients.demo.stage import Stage
from muxclients.link.blocking import Client, connect
from muxwire.methods import DISPATCH
from muxwire.places import places
from muxwire.runs import CallerEnv, DispatchParams
from muxwire.version import VERSION

ROUNDS = 60
COUNTED = 10
KEYS = {"CODEX_API_KEY": "k", "OPENAI_API_KEY": "k"}


def main() -> None:
    stage = Stage(tempfile.mkdtemp(prefix="mux-bench-"))
    try:
        agent = (Path(stage.folder) / "bin/codex").resolve()
        agent.write_text(INSTANT_CODEX)
        ok(stage, "status")
        with connect(places(stage.env).socket, "cli", version=VERSION, supplier=lambda names: KEYS) as client:
            table([*latency(stage, client, agent), *fsyncs(stage, client)])
    finally:
        stage.strike()


def latency(stage: Stage, client: Client, agent: Path) -> Iterator[tuple[str, str, str]]:
    took: dict[str, list[float]] = {"dispatch": [], "direct": [], "fsync": []}
    with tempfile.TemporaryFile(dir=stage.folder) as file:
        for _ in range(ROUNDS):
            took["dispatch"].append(timed(lambda: dispatch(stage, client)))
            took["direct"].append(timed(lambda: directly(agent)))
            took["fsync"].append(timed(lambda: append(file.fileno())))
    p50 = {name: statistics.median(times) * 1e3 for name, times in took.items()}
    rest = p50["dispatch"] - p50["direct"] - 3 * p50["fsync"]
    yield "warm dispatch, RPC to RPC, p50", f"{p50['dispatch']:.1f} ms", ""
    yield "  the agent directly under sh", f"{p50['direct']:.1f} ms", ""
    yield "  one 4 KiB append and fsync", f"{p50['fsync']:.2f} ms", ""
    yield "  what is ours beside these and 3 fsyncs", f"{rest:.1f} ms", "10 ms"


def fsyncs(stage: Stage, client: Client) -> Iterator[tuple[str, str, str]]:
    if not shutil.which("strace"):
        yield "fsyncs a dispatch", "not counted: no strace", "3"
        return
    with counting(daemon(stage).pid, Path(stage.folder) / "trace") as count:
        for _ in range(COUNTED):
            dispatch(stage, client)
        done = count()
    yield "fsyncs a dispatch", f"{done / COUNTED:.1f}", "3"


@contextmanager
def counting(pid: int, trace: Path) -> Iterator[Callable[[], int]]:
    command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,sync_file_range", "-o", str(trace), "-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not trace.exists() or not traced(pid):
        time.sleep(0.01)
    try:
        yield lambda: sum("sync" in line for line in trace.read_text().splitlines())
    finally:
        tracer.terminate()
        tracer.wait()


def traced(pid: int) -> bool:
    return "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text()


def dispatch(stage: Stage, client: Client) -> None:
    env = CallerEnv({name: stage.env[name] for name in ("PATH", "HOME") if name in stage.env})
    params = DispatchParams(task="hello", provider="codex", workdir=stage.folder, env=env)
    result = client.call(DISPATCH, params)
    if result.status != "success":
        sys.exit(f"the instant agent failed: {json.dumps(str(result.error))}")


def directly(agent: Path) -> None:
    subprocess.run(["/bin/sh", "-c", '"$0" </dev/null >/dev/null', str(agent)], check=True)


def append(fd: int) -> None:
    os.write(fd, b"x" * 4096)
    os.fsync(fd)


def timed(once: Callable[[], object]) -> float:
    begun = time.perf_counter()
    once()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
