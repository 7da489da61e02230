"""`feedback`: rate an answer, or list what was rated."""

from __future__ import annotations

from muxwire.faults import USAGE, refuse
from muxwire.feedback import FeedbackParams, FeedbackResult

from modelmuxd.edge.calls import Call
from modelmuxd.engine.feedback import Feedback as Engine


class Feedback:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, params: FeedbackParams, call: Call) -> FeedbackResult:
        if params.list:
            entries = tuple(await self._engine.list())
            return FeedbackResult(status="ok", count=len(entries), entries=entries)
        if not params.run_id or params.rating is None:
            hint = "muxctl feedback --run-id RUN --rating 5; or --list shows what was rated."
            raise refuse(USAGE, "Which run, and how good was its answer?", hint)
        kept, earlier = await self._engine.rate(params.run_id, params.provider, params.rating, params.comment)
        return FeedbackResult(
            status="ok",
            run_id=kept.run_id,
            provider=kept.provider,
            rating=kept.rating,
            category=kept.judged.kind,
            before=earlier.rating if earlier else None,
        )
