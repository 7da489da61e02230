"""One attempt: start the agent under its guard, follow what it says, judge it, settle.

Cancelling the coroutine that runs an attempt leaves the agent alone: that is what a daemon does that goes away. Ending
an agent is asked through `Live`.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import anyio
import msgspec
from anyio import to_thread
from muxwire import events as wire
from muxwire.faults import LOST, Fault

from modelmuxd.adapters.base import Adapter, Reader
from modelmuxd.domain.events import Tool
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.past import SEARCHED
from modelmuxd.domain.request import Request
from modelmuxd.engine.answer import FILE, Answer
from modelmuxd.engine.ask import Ask
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.environment import Secrets
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.recorder import Hide, Recorder
from modelmuxd.engine.results import summary_of
from modelmuxd.engine.silence import BUSY, TICK, Silence, said_nothing
from modelmuxd.runner.interface import AgentProcess, Launch, LaunchFailed, OutputLimit, Runner
from modelmuxd.store.interface import StoreFull, TaskStore
from modelmuxd.store.records import Attempt, Settle, Task

log = logging.getLogger(__name__)

GRACE = 5.0
"""Seconds between the signal and SIGKILL; the real CLIs need up to 5 (measured)."""
DEAD_MAN = 60.0
"""Seconds after a run's deadline at which the guard ends the agent by itself, should we be gone."""
FULL_RETRY = 1.0
"""Seconds between tries to settle while the disk is full."""

TURNS = 200
"""Of a session, the newest that are sent along."""

Ended = Literal["canceled", "timeout", "output_limit", "silent"]
StopSignal = Literal["INT", "TERM"]


class Live:
    """An attempt that runs now: how to end it early, and what a status line shows of it."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.recorder: Recorder | None = None
        self.silence = Silence()
        self.first_byte: float | None = None
        """Seconds from the attempt's start until the agent said anything; None where an earlier daemon saw it."""
        self.ending: Ended | None = None
        self.elsewhere = False
        """It was lost, and what it asked for is under way where the next attempt finds it."""
        self._end = anyio.Event()

    def end(self, why: Ended) -> None:
        """Ask for its end; the first word stays."""
        self.ending = self.ending or why
        self._end.set()

    async def asked_to_end(self) -> None:
        await self._end.wait()

    @property
    def last_line(self) -> str:
        return self.recorder.last_line if self.recorder else ""


class Attempts:
    """Runs attempts and keeps those that are under way, by run id."""

    def __init__(
        self, *, store: TaskStore, runner: Runner, secrets: Secrets, hub: Hub, clock: Clock, spool: Path
    ) -> None:
        self._store = store
        self._runner = runner
        self._secrets = secrets
        self._hub = hub
        self._clock = clock
        self.spool = spool
        self.live: dict[str, Live] = {}

    @contextmanager
    def under_way(self, run_id: str, deadline: float) -> Generator[Live]:
        """From before the claim to after the settle, so that no request to cancel falls between."""
        live = self.live[run_id] = Live(deadline)
        try:
            yield live
        finally:
            del self.live[run_id]

    async def start(self, task: Task, attempt: Attempt, ask: Ask, live: Live) -> Settle:
        """Launch and follow to the end. What comes back says how the attempt ended, not yet what follows."""
        launch = Launch(
            folder=self.spool / attempt.folder,
            marker=marker_of(attempt),
            invocation=ask.invocation,
            workdir=task.new.works_in,
            env=ask.env,
            deadline=max(1.0, live.deadline - self._clock.now()) + DEAD_MAN,
        )
        try:
            process = await self._runner.launch(launch)
        except LaunchFailed as error:
            return ended_with(attempt, not_started(attempt, error))
        return await self.follow(attempt, ask.adapter, ask.request, process, live, ask.invocation.stop_signal)

    async def history(self, provider: str, session: str) -> tuple[tuple[str, str], ...]:
        """What was asked and answered in a session so far, for those who keep none of their own."""
        turns = await self._store.session_turns(provider, session, TURNS)
        return tuple([(task.new.task, await self.answer(task)) for task in turns])

    async def answer(self, task: Task, most: int = -1) -> str:
        """What a run has answered, in full or up to so many bytes."""
        return task.output if not task.output_file else await to_thread.run_sync(self._answer, task, most)

    def _answer(self, task: Task, most: int) -> str:
        try:
            with Path(self.spool, task.output_file).open("rb") as file:
                return file.read(most).decode("utf-8", "replace")
        except FileNotFoundError:  # it was cleaned away
            return task.summary

    async def reopen(self, attempt: Attempt) -> AgentProcess | None:
        """The agent of an earlier daemon's attempt; None when it never started, and now never will."""
        return await self._runner.reopen(self.spool / attempt.folder, marker_of(attempt))

    async def follow(
        self,
        attempt: Attempt,
        adapter: Adapter,
        request: Request,
        process: AgentProcess,
        live: Live,
        signal: StopSignal,
        seen: Sequence[wire.RunEvent] | None = None,
    ) -> Settle:
        """Read what the agent says until it has ended. `seen` is what an earlier daemon recorded of this attempt; None
        where it is ours from the start."""
        fresh, seen = seen is None, seen or ()
        reader = adapter.reader(request)
        answer = Answer(self.spool / attempt.folder)
        text_seen, others_seen = count_seen(seen, attempt.number)
        hide = partial(self._secrets.hide, attempt.run_id)
        recorder = Recorder(attempt.number, answer, text_seen=text_seen, others_seen=others_seen, hide=hide)
        live.recorder = recorder
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch_clock, live)
                tasks.start_soon(self._watch_silence, attempt, adapter.first_byte_s, process, live)
                tasks.start_soon(_stop_when_asked, live, process, signal)
                await self._read(attempt, reader, process, live, fresh=fresh)
                tasks.cancel_scope.cancel()
        except Exception:  # ours, or a reader's: nobody would follow the agent any more
            await process.stop(signal, GRACE)
            raise
        try:
            exit = _flagged(await process.ended(), live)
        except LaunchFailed as error:
            return ended_with(attempt, not_started(attempt, error))
        if swept := await process.sweep():
            log.info("ended %d processes left behind by %s", swept, attempt.provider, extra={"run": attempt.run_id})
        outcome = reader.verdict(exit, process.stderr_tail())
        if outcome.fault:
            outcome = msgspec.structs.replace(outcome, fault=without(hide, outcome.fault))
        live.elsewhere = outcome.elsewhere
        if (exit.code is None or live.elsewhere) and live.ending is None and not exit.timed_out:
            outcome = msgspec.structs.replace(outcome, fault=lost(attempt))
        if live.ending == "silent" and not live.silence.heard:
            outcome = msgspec.structs.replace(outcome, fault=said_nothing(attempt.provider, live.silence.seconds))
        ended = self._ended(attempt, exit, outcome, answer, recorder)
        return msgspec.structs.replace(ended, first_byte=live.first_byte)

    async def _read(self, attempt: Attempt, reader: Reader, process: AgentProcess, live: Live, *, fresh: bool) -> None:
        recorder = live.recorder
        assert recorder is not None

        async def append(events: tuple[wire.RunEvent, ...]) -> None:
            await self._append(attempt, events)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(recorder.flush_regularly, append)
            try:
                async for piece in process.output():
                    live.silence.broken()
                    if fresh and live.first_byte is None:
                        live.first_byte = max(0.0, self._clock.now() - attempt.started_at)
                    for event in reader.feed(piece):
                        recorder.take(event)
                        if isinstance(event, Tool):
                            live.silence.tool(event.name, event.status)
                    if recorder.full:
                        await recorder.flush(append)
            except OutputLimit:
                live.end("output_limit")
                await process.stop("TERM", GRACE)
            tasks.cancel_scope.cancel()

    async def _append(self, attempt: Attempt, events: tuple[wire.RunEvent, ...]) -> None:
        try:
            await self._store.append(attempt.run_id, attempt.number, self._store.epoch, events)
        except StoreFull:  # progress may be lost; the answer is in the spool
            log.warning("disk full: progress is not recorded", extra={"run": attempt.run_id})
        self._hub.notify(attempt.run_id)

    async def _watch_clock(self, live: Live) -> None:
        await self._clock.sleep_until(live.deadline)
        live.end("timeout")

    async def _watch_silence(self, attempt: Attempt, first_byte_s: float, process: AgentProcess, live: Live) -> None:
        silence, before = live.silence, None
        while True:
            await self._clock.sleep_until(self._clock.now() + TICK)
            silence.tick(TICK)
            if silence.hung(first_byte_s):
                live.end("silent")
                return
            if not silence.worth_asking():
                before = None
                continue
            before, cpu = await self._share(process, before)
            if (remark := silence.remark(attempt.provider, cpu)) and live.recorder:
                live.recorder.remark(remark)

    async def _share(
        self, process: AgentProcess, before: tuple[float, float] | None
    ) -> tuple[tuple[float, float] | None, float | None]:
        """What the tree has computed by now, and the share of a core since the look before."""
        used, now = await process.cpu_seconds(), self._clock.now()
        if used is None:
            return None, None
        if before is None or now <= before[0]:
            return (now, used), BUSY  # not known yet: the next look tells
        return (now, used), (used - before[1]) / (now - before[0])

    def _ended(self, attempt: Attempt, exit: Exit, outcome: Outcome, answer: Answer, recorder: Recorder) -> Settle:
        head, in_file, size = answer.close()
        return Settle(
            run_id=attempt.run_id,
            number=attempt.number,
            epoch=self._store.epoch,
            attempt_state=outcome.fault.code if outcome.fault else "success",
            fault=outcome.fault,
            exit_code=exit.code,
            session_id=outcome.session,
            model=outcome.model,
            usage=outcome.usage,
            cost_micros=outcome.cost_micros,
            billing=outcome.billing,
            enforced=attempt.enforced,
            summary=summary_of(head),
            output="" if in_file else head,
            output_file=f"{attempt.folder}/{FILE}" if in_file else "",
            output_head=head[:SEARCHED] if in_file else "",
            output_size=size,
            events=recorder.drain(),
        )

    async def settle(self, settle: Settle) -> Task:
        """Durably; held and tried again while the disk is full. Shielded: an end that is known must be written."""
        task: Task | None = None
        with anyio.CancelScope(shield=True):
            while (task := await self._try_to_settle(settle)) is None:  # noqa: ASYNC110
                await anyio.sleep(FULL_RETRY)  # nobody tells when a disk has room again
        assert task is not None
        return task

    async def _try_to_settle(self, settle: Settle) -> Task | None:
        try:
            return await self._store.settle(settle, self._clock.now())
        except StoreFull:
            log.error("disk full: a run that ended waits to be recorded", extra={"run": settle.run_id})
            return None


async def _stop_when_asked(live: Live, process: AgentProcess, signal: StopSignal) -> None:
    await live.asked_to_end()
    await process.stop(signal, GRACE)


def _flagged(exit: Exit, live: Live) -> Exit:
    """Why we ended it counts more than the code it then gave."""
    return Exit(
        code=exit.code,
        canceled=live.ending == "canceled",
        timed_out=exit.timed_out or live.ending == "timeout",
        output_limit=live.ending == "output_limit",
    )


def marker_of(attempt: Attempt) -> str:
    """What the agent and all it starts carry in their environment; unique to the attempt."""
    return f"{attempt.run_id}-{attempt.number}"


def ended_with(attempt: Attempt, fault: Fault) -> Settle:
    """The end of an attempt whose agent said nothing."""
    return Settle(
        run_id=attempt.run_id, number=attempt.number, epoch=attempt.epoch, attempt_state=fault.code, fault=fault
    )


def without(hide: Hide, fault: Fault) -> Fault:
    return msgspec.structs.replace(fault, message=hide(fault.message), hint=hide(fault.hint))


def not_started(attempt: Attempt, error: LaunchFailed) -> Fault:
    return Fault(
        code="not_installed",
        message=f"{attempt.provider} could not be started: {error}",
        hint="See `muxctl check --refresh`.",
        provider=attempt.provider,
    )


def lost(attempt: Attempt) -> Fault:
    return Fault(
        code=LOST,
        message=f"{attempt.provider} vanished without an exit status.",
        hint="It may have changed files; look before you send the task again.",
        provider=attempt.provider,
    )


def count_seen(events: Sequence[wire.RunEvent], number: int) -> tuple[int, int]:
    """Characters of text, and other events, that are recorded of an attempt."""
    text = others = 0
    for event in events:
        match event:
            case wire.Text(attempt=attempt, text=piece) if attempt == number:
                text += len(piece)
            case wire.ToolUsed(attempt=attempt) | wire.Notice(attempt=attempt) | wire.UsageSeen(attempt=attempt):
                others += attempt == number
            case wire.SessionStarted():
                others += 1
            case _:
                pass
    return text, others
