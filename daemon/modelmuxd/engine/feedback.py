"""What a user thinks of an answer: kept with its run, and told to routing as a judgement of that attempt."""

from __future__ import annotations

from difflib import get_close_matches

import msgspec
from muxwire.faults import CONFLICT, NOT_FOUND, FaultError, refuse, unknown_name
from muxwire.feedback import LISTED, FeedbackLine

from modelmuxd.domain.rating import Rating
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.signals import of_rating
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Attempt, Task

RECENT = 200
"""Ended runs, the newest, among which a mistyped id is looked for."""


class Feedback:
    def __init__(self, store: TaskStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def rate(self, run_id: str, provider: str, rating: int, comment: str) -> tuple[Rating, Rating | None]:
        """The rating as it is kept, and the one whose place it takes. Raises FaultError where there is no answer."""
        task = await self._find(run_id)
        given = answered(task, await self._store.attempts(task.new.run_id), provider)
        now = self._clock.now()
        kept = Rating(
            run_id=task.new.run_id,
            at=now,
            provider=given.provider,
            rating=rating,
            comment=comment,
            judged=of_rating(rating, given, now),
        )
        return kept, await self._store.rate(kept)

    async def list(self) -> list[FeedbackLine]:
        """The newest first."""
        return [
            FeedbackLine(
                at=one.at,
                run_id=one.run_id,
                provider=one.provider,
                rating=one.rating,
                category=one.judged.kind,
                comment=one.comment,
            )
            for one in await self._store.ratings(LISTED)
        ]

    async def _find(self, run_id: str) -> Task:
        """Raises a NOT_FOUND that names the nearest run that could be meant."""
        try:
            return await self._store.find(run_id)
        except FaultError as error:
            if error.fault.code != NOT_FOUND:
                raise
            known = {one.new.run_id[: len(run_id)]: one.new.run_id for one in await self._store.recent(RECENT)}
            if near := get_close_matches(run_id.lower(), known, n=1, cutoff=0.7):
                hint = f"Did you mean {known[near[0]]}?"
                raise FaultError(msgspec.structs.replace(error.fault, hint=hint)) from None
            raise


def answered(task: Task, attempts: list[Attempt], provider: str) -> Attempt:
    """The attempt whose answer is rated: the last one, of that provider if one is named. Pure."""
    run_id = task.new.run_id
    if task.new.plan is not None:
        text = f"{run_id} is made of several runs; each answer is rated by itself."
        raise refuse(CONFLICT, text, f"See `muxctl show {run_id}` for their ids.")
    if task.ended_at is None:
        raise refuse(CONFLICT, f"{run_id} has not ended yet.", f"Wait: `muxctl wait {run_id}`.")
    if not attempts:
        raise refuse(CONFLICT, f"{run_id} was never given to an agent.", f"See `muxctl why {run_id}`.")
    asked = {one.provider: one for one in attempts}
    if provider and provider not in asked:
        raise unknown_name("answer of", provider, asked)
    return asked[provider or attempts[-1].provider]
