"""What the engine asks of the runner: start an agent that outlives us, follow it, end it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from modelmuxd.domain.invocation import Exit, Invocation


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the guard needs. `folder` exists for this attempt alone."""

    folder: Path
    marker: str
    """`MODELMUX_ATTEMPT=<marker>` in the environment of the agent and all it starts."""
    invocation: Invocation
    workdir: str
    env: Mapping[str, str]
    """The child's whole environment; its repr is never written anywhere."""
    deadline: float
    """Seconds from the start after which the guard itself ends the tree, should we be gone. While we live it is ours
    to keep."""
    umask: int = 0o022
    """The agent's; our own files are 0600 whatever it is."""

    def __repr__(self) -> str:
        return f"Launch({self.marker}, {self.invocation.argv[0]!r})"


class LaunchFailed(Exception):
    """The agent could not be started; the message says why."""


class AgentProcess(Protocol):
    """An agent that runs, or has run: started by us or found again after a restart."""

    def output(self, start: int = 0) -> AsyncIterator[bytes]:
        """stdout from byte `start` on, as it comes, in pieces of at most 256 KiB, until the end is read.

        Raises OutputLimit when more came than the limit given to the runner.
        """
        ...

    async def ended(self) -> Exit:
        """Waits for the guard's end. `code` None when it vanished without a status, `timed_out` when it kept the
        deadline for us. Raises LaunchFailed when the guard could not start the agent."""
        ...

    async def stop(self, how: Literal["INT", "TERM"], grace: float) -> None:
        """End the whole tree: the signal, up to `grace` seconds, then SIGKILL of all that is left. Idempotent."""
        ...

    async def cpu_seconds(self) -> float | None:
        """What the agent and all it started have computed so far; None where that cannot be known."""
        ...

    def age(self) -> float | None:
        """Seconds since the start, whatever became of the wall's time; None where that cannot be known."""
        ...

    def stderr_tail(self, size: int = 8192) -> bytes: ...

    async def sweep(self) -> int:
        """After the end: kill what the agent left behind; how many processes that were."""
        ...


class OutputLimit(Exception):
    """The agent wrote more than it may."""


class Runner(Protocol):
    async def launch(self, launch: Launch) -> AgentProcess:
        """Start it under a guard. Raises LaunchFailed."""
        ...

    async def reopen(self, folder: Path, marker: str) -> AgentProcess | None:
        """An attempt of an earlier daemon: running or ended, or None when it never claimed (then it is claimed by
        this call, so that a slow guard cannot start it any more)."""
        ...
