"""What the runner's tests share: small real agents, a daemon to kill, and waiting for conditions."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
from modelmuxd.domain.invocation import Invocation, PlacedFile
from modelmuxd.runner import cgroup, identity
from modelmuxd.runner.interface import AgentProcess, Launch

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
CEILING = 20.0

MODES = ["cgroup", "subreaper"]


def can(mode: str) -> bool:
    return mode != "cgroup" or cgroup.probe() is not None


def launch_of(
    folder: Path,
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    files: tuple[PlacedFile, ...] = (),
    env: dict[str, str] | None = None,
    extra: dict[str, str] | None = None,
    workdir: str = "/",
    deadline: float = 60,
    marker: str = "",
) -> Launch:
    return Launch(
        folder=folder,
        marker=marker or f"t-{os.getpid()}-{folder.parent.name}-{folder.name}",
        invocation=Invocation(argv=tuple(argv), stdin=stdin, files=files, env=extra or {}),
        workdir=workdir,
        env=ENV if env is None else env,
        deadline=deadline,
    )


def sh(script: str, *words: str) -> list[str]:
    return ["/bin/sh", "-c", script, "agent", *words]


def py(script: str, *words: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", script, *words]


async def read_all(process: AgentProcess, start: int = 0) -> bytes:
    return b"".join([piece async for piece in process.output(start)])


async def until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(CEILING):
        while not condition():  # noqa: ASYNC110 - other processes tell nobody
            await anyio.sleep(0.01)


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + CEILING
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    fields = identity.read_stat(pid)
    return fields is not None and fields[0] not in "ZX"


NINE = r"""
import os, signal, sys, time

place, then = sys.argv[1:3]

def note(name):
    with open(f"{place}/.{name}", "w") as file:
        file.write(str(os.getpid()))
    os.rename(f"{place}/.{name}", f"{place}/{name}")

def child(name, *how, body=None):
    pid = os.fork()
    if pid:
        if "orphan" in how:
            os.waitpid(pid, 0)
        return
    if "orphan" in how and os.fork():
        os._exit(0)
    if "session" in how:
        os.setsid()
    if "stubborn" in how:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if body:
        body()
    note(name)
    os.execve("/bin/sleep", ["sleep", "300"], {} if "bare" in how else os.environ)

def family():
    child("third", "session")
    child("stubborn_third", "stubborn")

child("plain")
child("second", body=family)
child("orphan", "orphan")
child("far_orphan", "orphan", "session", "stubborn")
child("bare_orphan", "orphan", "session", "bare")
child("bare", "bare", "stubborn")
while len([name for name in os.listdir(place) if name[0] != "."]) < 8:
    time.sleep(0.005)
note("main")
if then == "stay":
    signal.pause()
"""
"""Nine processes in three levels; the worst has lost its parent, left its session and cleared its environment."""


def nine(place: Path, then: str = "stay") -> list[str]:
    place.mkdir()
    return py(NINE, str(place), then)


def family(place: Path) -> list[int]:
    return [int(path.read_text()) for path in place.iterdir() if not path.name.startswith(".")]


DAEMON = r"""
import sys
from pathlib import Path
import anyio
from modelmuxd.runner.agents import Agents
from runner_world import launch_of

async def main(folder, mode, deadline, marker, argv):
    async with Agents.open(tree=mode) as agents:
        await agents.launch(launch_of(Path(folder), argv, deadline=float(deadline), marker=marker))
        print("up", flush=True)
        await anyio.sleep_forever()

anyio.run(main, *sys.argv[1:5], sys.argv[5:])
"""


def daemon(
    folder: Path, argv: Sequence[str], *, mode: str, deadline: float = 60, marker: str
) -> subprocess.Popen[bytes]:
    """A daemon of its own process whose guard has claimed this agent; kill it as you like. Before its claim a guard
    that is slow is overtaken by whoever reopens the attempt: then nothing was started."""
    process = subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(folder), mode, str(deadline), marker, *argv],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    wait_until((folder / "claim").exists)
    return process


def murder(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def carriers(marker: str) -> list[int]:
    """Every process that was started with the marker."""
    wanted = f"MODELMUX_ATTEMPT={marker}".encode()
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and wanted in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                found.append(int(entry))
        except OSError:
            continue
    return found
