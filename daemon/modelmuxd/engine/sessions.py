"""Conversations that go on over several runs: which one a task means, where it may go on, and the list of them."""

from __future__ import annotations

import os
from collections.abc import Mapping

import anyio.to_thread
import msgspec
from muxwire.faults import NOT_FOUND, USAGE, FaultError, refuse
from muxwire.runs import DispatchParams
from muxwire.sessions import SessionLine

from modelmuxd.adapters.base import Adapter
from modelmuxd.engine.plan import split_provider
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Task

LOOKED_AT = 500
"""Ended runs, the newest, among which sessions are looked for."""


class Sessions:
    """A session is named by its provider's own id, or by any run of it."""

    def __init__(self, store: TaskStore, adapters: Mapping[str, Adapter]) -> None:
        self._store = store
        self._adapters = adapters

    async def resolved(self, params: DispatchParams) -> DispatchParams:
        """The request with the provider and the provider's own session id in it.

        Raises FaultError where there is none to go on with, or where it cannot go on.
        """
        if not params.session_id and not params.continue_session:
            return params
        last = await (self._newest(params) if params.continue_session else self._meant(params))
        if last is None:
            return self._foreign(params)
        provider, model = split_provider(params.provider, params.model)
        if provider not in ("auto", last.provider):
            text = f"This session is {last.provider}'s, and {provider} cannot go on with it."
            raise refuse(USAGE, text, f"Leave -p out, or say -p {last.provider}.")
        await anyio.to_thread.run_sync(self._check_folder, params, last)
        return msgspec.structs.replace(params, provider=last.provider, model=model, session_id=last.session_id)

    async def list(self, limit: int) -> list[SessionLine]:
        """The newest first."""
        found: dict[tuple[str, str], list[Task]] = {}
        for task in await self._store.recent(LOOKED_AT):
            if task.session_id and task.state == "success":
                found.setdefault((task.provider, task.session_id), []).append(task)
        return [_line(turns) for turns in found.values()][:limit]

    async def _meant(self, params: DispatchParams) -> Task | None:
        """The last run of the session that is named."""
        try:
            run = await self._store.find(params.session_id)
        except FaultError:
            run = None
        if run is not None and not run.session_id:
            text = f"{run.new.run_id} has left no session to go on with."
            raise refuse(USAGE, text, "See `muxctl sessions`.")
        named = run.session_id if run else params.session_id
        for provider in [run.provider] if run else self._adapters:
            if turns := await self._store.session_turns(provider, named, 1):
                return turns[-1]
        return run

    async def _newest(self, params: DispatchParams) -> Task:
        provider, _ = split_provider(params.provider, "")
        for task in await self._store.recent(LOOKED_AT):
            here = task.new.workdir == params.workdir and provider in ("auto", task.provider)
            if here and task.session_id:
                return task
        what = "" if provider == "auto" else f" with {provider}"
        raise refuse(NOT_FOUND, f"No session{what} has begun in {params.workdir}.", "See `muxctl sessions`.")

    def _foreign(self, params: DispatchParams) -> DispatchParams:
        """One that we have not seen: the provider may know it."""
        if split_provider(params.provider, "")[0] == "auto":
            text = f"Nothing is known here of the session {params.session_id!r}."
            raise refuse(USAGE, text, "Say whose it is with -p, or see `muxctl sessions`.")
        return params

    def _check_folder(self, params: DispatchParams, last: Task) -> None:
        """Some CLIs keep their sessions by folder, and refuse another one after they have started."""
        adapter = self._adapters.get(last.provider)
        if last.new.worktree or not adapter or not adapter.session_bound:
            return  # a session in a worktree goes on there, wherever it is asked for
        if os.path.realpath(params.workdir) != os.path.realpath(last.new.workdir):
            text = f"This session began in {last.new.workdir}, and {adapter.title} goes on with it only there."
            raise refuse(USAGE, text, f"Add -w {last.new.workdir}.")


def _line(turns: list[Task]) -> SessionLine:
    last = turns[0]
    return SessionLine(
        provider=last.provider,
        session_id=last.session_id,
        workdir=last.new.works_in,
        turns=len(turns),
        last_run=last.new.run_id,
        last_at=last.ended_at or last.new.created_at,
        task=last.new.task[:120],
        model=last.model,
    )
