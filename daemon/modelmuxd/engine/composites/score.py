"""How a composite stands, and what is to follow: the data between the conductor and its pure functions."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from muxwire.faults import VERIFY, Fault
from muxwire.words import FINAL_STATES, FinalState, State, WaitReason

from modelmuxd.domain.plans import Turn
from modelmuxd.store.records import NewTask, Task

Key = tuple[str, int]
"""Step and round."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One turn as it stands."""

    run_id: str
    step: str
    round: int
    state: State
    waiting: WaitReason | None = None
    waiting_for: str = ""
    provider: str = ""
    model: str = ""
    session_id: str = ""
    text: str = ""
    """Its answer, where the plan's function reads answers; of a very long one the head."""
    fault: Fault | None = None
    patch: str = ""
    """What its composite's worktree had changed by then."""
    verify: str = ""
    """What the project's check said of that."""
    cost_micros: int | None = None
    asked_at: float = 0.0
    ended_at: float | None = None

    @property
    def spoke(self) -> bool:
        """Whether there is an answer: also where the project's check then says that it is no good."""
        return self.state == "success" or (self.fault is not None and self.fault.code == VERIFY)

    @property
    def failed(self) -> bool:
        return self.ended and not self.spoke

    @property
    def ended(self) -> bool:
        return self.state in FINAL_STATES


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision rests on."""

    parent: NewTask
    canceling: bool
    replies: Mapping[Key, Reply]
    """In the order in which they were asked."""
    now: float

    @property
    def spent(self) -> int:
        """Micro-dollars, as far as they are known."""
        return sum(reply.cost_micros or 0 for reply in self.replies.values())

    @property
    def left(self) -> int | None:
        """Micro-dollars that it may still cost; None: its user sets no limit."""
        limit = self.parent.max_cost_micros
        return None if limit is None else max(0, limit - self.spent)

    @property
    def open(self) -> tuple[str, ...]:
        """The runs that have not ended."""
        return tuple(reply.run_id for reply in self.replies.values() if not reply.ended)


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """How the composite ends."""

    state: FinalState
    summary: str = ""
    output: str = ""
    whole_of: str = ""
    """The run whose answer is the output, where only its head is in there."""
    fault: Fault | None = None
    judged: Mapping[str, float] = {}
    """How good a judge found the answers of these runs, from 0 to 1: routing learns it."""


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done now. Nothing at all: wait until a turn has moved."""

    spawn: tuple[Turn, ...] = ()
    cancel: tuple[str, ...] = ()
    why: str = ""
    """In whose name those are canceled."""
    tell: tuple[str, ...] = ()
    """Remarks for the composite's stream, with what is spawned."""
    finish: Finish | None = None


def reply_of(task: Task) -> Reply:
    """Without the texts."""
    return Reply(
        run_id=task.new.run_id,
        step=task.new.step,
        round=task.new.round,
        state=task.state,
        waiting=task.waiting,
        waiting_for=task.waiting_for,
        provider=task.provider or task.new.provider.partition("/")[0],
        model=task.model or task.new.model,
        session_id=task.session_id,
        fault=task.fault,
        cost_micros=task.cost_micros,
        asked_at=task.new.created_at,
        ended_at=task.ended_at,
    )
