"""What a guard costs: its start and end beside the bare agent under sh, its memory, and how soon output is seen.

`GUARD=subreaper` in the environment measures the way without cgroups.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import psutil
from bench.measure import table
from modelmuxd.domain.invocation import Invocation
from modelmuxd.runner import guard, spool
from modelmuxd.runner.agents import Agents
from modelmuxd.runner.interface import Launch

MIB = 1 << 20
ROUNDS = 200
ENV = {"PATH": "/usr/bin:/bin"}
INSTANT = ("/bin/true",)
UNDER_SH = ["/bin/sh", "-c", "/bin/true; exit $?"]


def launch_of(folder: Path, *argv: str) -> Launch:
    return Launch(
        folder=folder, marker=folder.name, invocation=Invocation(argv=argv), workdir="/", env=ENV, deadline=600
    )


def under_sh(_round: int = 0) -> None:
    subprocess.run(UNDER_SH, env=ENV, stdin=subprocess.DEVNULL, start_new_session=True, check=True)


async def medians(place: Path, agents: Agents) -> tuple[float, float, float]:
    """Seconds: under sh; launch to ended; launch to ended, read and swept. By turns."""
    direct, ended, whole = [], [], []
    for n in range(ROUNDS):
        begun = time.perf_counter()
        under_sh()
        direct.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        process = await agents.launch(launch_of(place / f"a{n}", *INSTANT))
        await process.ended()
        ended.append(time.perf_counter() - begun)
        assert not [piece async for piece in process.output()]
        await process.sweep()
        whole.append(time.perf_counter() - begun)
    return statistics.median(direct), statistics.median(ended), statistics.median(whole)


def children_cpu(once: Callable[[int], None]) -> float:
    """Seconds of CPU that one start takes in all its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for n in range(ROUNDS):
        once(n)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / ROUNDS


def guarded(place: Path) -> Callable[[int], None]:
    living, _held = os.pipe()

    def once(n: int) -> None:
        folder = place / f"g{n}"
        spool.create(folder, Invocation(argv=INSTANT))
        one = guard.Guard(folder=folder, marker="m", argv=INSTANT, workdir="/", env=ENV, deadline=600, umask=0o22)
        subprocess.run(
            guard.command(one), stdin=living, env=ENV, start_new_session=True, check=True, capture_output=True
        )

    return once


async def memory(place: Path, agents: Agents) -> tuple[float, float]:
    """MiB that following 1 GB adds at most, and MB/s."""
    me = psutil.Process()
    before = most = me.memory_info().rss
    begun, size = time.perf_counter(), 0
    process = await agents.launch(launch_of(place / "big", "/usr/bin/head", "-c", "1000000000", "/dev/zero"))
    async for piece in process.output():
        size += len(piece)
        if size % (8 * MIB) < len(piece):
            most = max(most, me.memory_info().rss)
    assert size == 1_000_000_000
    (place / "big" / "out").unlink()
    return (most - before) / MIB, size / 1e6 / (time.perf_counter() - begun)


async def latency(place: Path, agents: Agents) -> float:
    """Median seconds from just before an agent's write until we have its bytes."""
    script = "import time\nfor n in range(200):\n print(time.monotonic(), flush=True)\n time.sleep(0.01)"
    process = await agents.launch(launch_of(place / "ticks", sys.executable, "-I", "-S", "-c", script))
    return statistics.median(
        [time.monotonic() - float(piece.split()[-1]) async for piece in process.output()],
    )


def reap(pid: int) -> None:
    os.waitpid(pid, 0)


async def fork_cost(place: Path, mode: str) -> float:
    """Median seconds that `spawn` holds the loop."""
    times = []
    living, _held = os.pipe()
    for n in range(100):
        folder = place / f"f{mode}{n}"
        spool.create(folder, Invocation(argv=INSTANT))
        one = guard.Guard(
            folder=folder, marker="m", argv=INSTANT, workdir="/", env=ENV, deadline=600, umask=0o22,
            cgroup="/nonexistent" if mode == "vfork" else "",
        )  # fmt: skip
        begun = time.perf_counter()
        pid = guard.spawn(one, living)
        times.append(time.perf_counter() - begun)
        reap(pid)
    return statistics.median(times)


async def main() -> None:
    mode = os.environ.get("GUARD", "auto")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        async with Agents.open(tree=mode, output_limit=1 << 31) as agents:  # type: ignore[arg-type]
            direct, ended, whole = await medians(place, agents)
            delay = await latency(place, agents)
            grown, speed = await memory(place, agents)
        bare = children_cpu(under_sh)
        cpu = children_cpu(guarded(place))
        vfork, fork = await fork_cost(place, "vfork"), await fork_cost(place, "fork")
    table(
        [
            (f"agent under sh, p50 ({mode})", f"{direct * 1e3:.2f} ms", ""),
            ("launch to ended, p50", f"{ended * 1e3:.2f} ms", ""),
            ("launch to ended, read and swept, p50", f"{whole * 1e3:.2f} ms", "a few ms beside the line above it"),
            ("children's CPU: under sh", f"{bare * 1e3:.2f} ms", ""),
            ("children's CPU: under the guard", f"{cpu * 1e3:.2f} ms", ""),
            ("loop held by a spawn: cgroup (vfork)", f"{vfork * 1e3:.2f} ms", ""),
            ("loop held by a spawn: subreaper (fork)", f"{fork * 1e3:.2f} ms", ""),
            ("agent's write to our read, p50", f"{delay * 1e3:.2f} ms", ""),
            ("RSS grown while following 1 GB", f"{grown:.1f} MiB", "<= 32 MiB"),
            ("following", f"{speed:.0f} MB/s", ""),
        ]
    )


if __name__ == "__main__":
    anyio.run(main)
