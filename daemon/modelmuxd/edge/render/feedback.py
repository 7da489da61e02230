"""`muxctl feedback`: the rating as it was kept, or those that there are."""

from __future__ import annotations

import time

from muxwire.feedback import FeedbackResult
from muxwire.protocol import View

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.layout import table

_DROP = (5, 4)


def feedback_text(result: FeedbackResult, view: View) -> str:
    if result.entries is None:
        about = f" at {clean.line(result.category)}" if result.category else ""
        before = f", instead of {result.before}" if result.before is not None else ""
        rating = stars(result.rating or 0)
        return f"{human.short(result.run_id)}: {rating} for {clean.line(result.provider)}{about}{before}\n"
    now = time.time()
    rows = [
        (
            stars(one.rating),
            human.short(one.run_id),
            one.provider,
            human.ago(one.at, now),
            clean.line(one.category),
            clean.line(one.comment),
        )
        for one in result.entries
    ]
    return table(rows, view, drop=_DROP) or "Nothing was rated yet: muxctl feedback --run-id RUN --rating 5.\n"


def stars(rating: int) -> str:
    """
    >>> stars(4)
    '★★★★☆'
    """
    return "★" * rating + "☆" * (5 - rating)
