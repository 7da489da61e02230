"""One attempt: start the agent under its guard, follow what it says, judge it, settle.

Cancelling the coroutine that runs an attempt leaves the agent alone: that is what a daemon does that goes away. Ending
an agent is asked through `Live` (live.py).
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import anyio
import msgspec
from anyio import to_thread
from muxwire import events as wire
from muxwire.faults import Fault

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
from modelmuxd.engine.live import GRACE, Live, StopSignal, flagged, stop_when_asked, watch_clock, watch_silence
from modelmuxd.engine.recorder import Hide, Recorder, count_seen
from modelmuxd.engine.results import summary_of
from modelmuxd.engine.silence import said_nothing
from modelmuxd.engine.unheard import ended_with, lost, not_started
from modelmuxd.runner.interface import AgentProcess, Launch, LaunchFailed, OutputLimit, Runner
from modelmuxd.store.interface import StoreFull, TaskStore
from modelmuxd.store.records import Attempt, Settle, Task

log = logging.getLogger(__name__)

DEAD_MAN = 60.0
"""Seconds after a run's deadline at which the guard ends the agent by itself, should we be gone."""
FULL_RETRY = 1.0
"""Seconds between tries to settle while the disk is full."""

TURNS = 200
"""Of a session, the newest that are sent along."""


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
                tasks.start_soon(watch_clock, live, self._clock)
                tasks.start_soon(watch_silence, live, process, attempt.provider, adapter.first_byte_s, self._clock)
                tasks.start_soon(stop_when_asked, live, process, signal)
                await self._read(attempt, reader, process, live, fresh=fresh)
                tasks.cancel_scope.cancel()
        except Exception:  # ours, or a reader's: nobody would follow the agent any more
            await process.stop(signal, GRACE)
            raise
        try:
            exit = flagged(await process.ended(), live)
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


def marker_of(attempt: Attempt) -> str:
    """What the agent and all it starts carry in their environment; unique to the attempt."""
    return f"{attempt.run_id}-{attempt.number}"


def without(hide: Hide, fault: Fault) -> Fault:
    return msgspec.structs.replace(fault, message=hide(fault.message), hint=hide(fault.hint))
