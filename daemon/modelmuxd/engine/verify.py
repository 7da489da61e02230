"""`[verify] command`: what a project says of an agent's work, asked in the worktree, under a guard of its own.

It runs as agents do: it outlives the daemon, its whole tree ends with it, and a later daemon takes it up again.
"""

from __future__ import annotations

from pathlib import Path

import anyio
from muxwire.faults import VERIFY, Fault
from muxwire.runs import Verified
from muxwire.settings.model import Verify

from modelmuxd.domain.invocation import Exit, Invocation
from modelmuxd.engine.attempts import DEAD_MAN, marker_of
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.live import GRACE, Live
from modelmuxd.runner.interface import AgentProcess, Launch, LaunchFailed, OutputLimit, Runner
from modelmuxd.store.records import Attempt, Task

SHOWN = 4000
"""Bytes at the end of its output that are kept."""


class Verifier:
    def __init__(self, *, runner: Runner, clock: Clock, spool: Path) -> None:
        self._runner = runner
        self._clock = clock
        self._spool = spool

    async def __call__(self, task: Task, attempt: Attempt, verify: Verify, live: Live | None) -> Verified:
        """Ask, and wait for the answer. One that cannot be started has no exit code, and says why."""
        began, tail = self._clock.now(), ""
        try:
            process = await self._process(task, attempt, verify)
            exit, tail = await _followed(process, verify.timeout, live)
        except LaunchFailed as error:
            exit, tail = Exit(None), str(error)
        seconds = round(self._clock.now() - began, 3)
        return Verified(command=verify.command, exit_code=exit.code, seconds=seconds, output=tail)

    async def _process(self, task: Task, attempt: Attempt, verify: Verify) -> AgentProcess:
        """The one that an earlier daemon has started, else a new one."""
        folder, marker = self._spool / attempt.folder / "verify", f"{marker_of(attempt)}v"
        if await anyio.Path(folder, "claim").exists() and (found := await self._runner.reopen(folder, marker)):
            return found
        launch = Launch(
            folder=folder,
            marker=marker,
            invocation=Invocation(argv=verify.command),
            workdir=task.new.works_in,
            env=task.new.env,
            deadline=verify.timeout + DEAD_MAN,
        )
        return await self._runner.launch(launch)


async def _followed(process: AgentProcess, seconds: float, live: Live | None) -> tuple[Exit, str]:
    """How it ended, `code` None when we had to end it, and the end of what it printed."""
    tail, in_time = b"", False
    async with anyio.create_task_group() as tasks:
        if live:
            tasks.start_soon(_stop_when_asked, process, live)
        tail, in_time = await _listen(process, seconds)
        if not in_time:
            await process.stop("TERM", GRACE)
        tasks.cancel_scope.cancel()
    exit = await process.ended()
    await process.sweep()
    stopped = not in_time or (live is not None and live.ending is not None)
    tail = (tail + process.stderr_tail(SHOWN))[-SHOWN:]
    return (Exit(None) if stopped else exit), tail.decode(errors="replace")


async def _stop_when_asked(process: AgentProcess, live: Live) -> None:
    await live.asked_to_end()
    await process.stop("TERM", GRACE)


async def _listen(process: AgentProcess, seconds: float) -> tuple[bytes, bool]:
    """The end of its output, and whether that came to its end in time and in bounds."""
    tail = b""
    try:
        with anyio.fail_after(seconds):
            async for piece in process.output():
                tail = (tail + piece)[-SHOWN:]
    except (TimeoutError, OutputLimit):
        return tail, False
    return tail, True


def failed(verified: Verified, *, canceled: bool) -> Fault:
    """The end of a run whose agent has finished and whose work is no good, or nobody waits to hear of any more."""
    if canceled:
        return Fault("canceled", "It was canceled while its work was checked.", "Its changes are kept.")
    how = "was ended" if verified.exit_code is None else f"ended with exit code {verified.exit_code}"
    return Fault(
        VERIFY,
        f"The agent finished, but `{' '.join(verified.command)}` {how}.",
        "Its changes are kept: see `muxctl diff`, or send another turn into its session.",
    )
