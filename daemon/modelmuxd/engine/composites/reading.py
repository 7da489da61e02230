"""Reads a turn as it stands: its answer, what had changed by then, and what the project's check said."""

from __future__ import annotations

import msgspec
from muxwire.faults import FaultError

from modelmuxd.domain.plans import Broadcast
from modelmuxd.engine.attempts import Attempts
from modelmuxd.engine.composites.following import reads_answers
from modelmuxd.engine.composites.score import Reply, reply_of
from modelmuxd.engine.worktrees import Worktrees
from modelmuxd.store.records import Task

HEAD = 256 * 1024
"""Bytes of an answer that are kept while its composite is open: more than goes into a prompt. A hundred members of a
broadcast keep a quarter of that each."""

WHOLE = 32 * 1024 * 1024


class Reading:
    def __init__(self, attempts: Attempts, worktrees: Worktrees) -> None:
        self._attempts = attempts
        self._worktrees = worktrees

    async def __call__(self, parent: Task, turn: Task, *, whole: bool = False) -> Reply:
        """`whole`: with its texts, whether or not the plan's function looks at them."""
        reply, plan = reply_of(turn), parent.new.plan
        if plan is None or not reply.spoke or not (whole or reads_answers(plan)):
            return reply
        text = await self._attempts.answer(turn, HEAD // (4 if isinstance(plan, Broadcast) else 1))
        verify = turn.verified.output if turn.verified else ""
        return msgspec.structs.replace(reply, text=text, verify=verify, patch=await self._patch(turn))

    async def whole(self, turn: Task) -> str:
        """Its answer, as much of it as one result may hold."""
        return await self._attempts.answer(turn, WHOLE)

    async def _patch(self, turn: Task) -> str:
        if not (turn.changes and turn.changes.files):
            return ""
        try:
            return (await self._worktrees.patch(turn)).patch.decode("utf-8", "replace")
        except FaultError:
            return ""
