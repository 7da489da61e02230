"""Reads a turn as it stands: its answer, what had changed by then, and what the project's check said."""

from __future__ import annotations

import msgspec
from muxwire.faults import FaultError

from modelmuxd.engine.attempts import Attempts
from modelmuxd.engine.composites.following import reads_answers
from modelmuxd.engine.composites.score import Reply, reply_of
from modelmuxd.engine.worktrees import Worktrees
from modelmuxd.store.records import Task


class Reading:
    def __init__(self, attempts: Attempts, worktrees: Worktrees) -> None:
        self._attempts = attempts
        self._worktrees = worktrees

    async def __call__(self, parent: Task, turn: Task, *, whole: bool = False) -> Reply:
        """`whole`: with its texts, whether or not the plan's function looks at them."""
        reply, plan = reply_of(turn), parent.new.plan
        if plan is None or not reply.spoke or not (whole or reads_answers(plan)):
            return reply
        text = await self._attempts.answer(turn)
        verify = turn.verified.output if turn.verified else ""
        return msgspec.structs.replace(reply, text=text, verify=verify, patch=await self._patch(turn))

    async def _patch(self, turn: Task) -> str:
        if not (turn.changes and turn.changes.files):
            return ""
        try:
            return (await self._worktrees.patch(turn)).patch.decode("utf-8", "replace")
        except FaultError:
            return ""
