"""Ratings as a person sees them, and as a program does."""

from __future__ import annotations

import json
import time

from cli_stage import RUN
from modelmuxd.edge.render import renderers
from muxwire.feedback import FeedbackLine, FeedbackResult
from muxwire.protocol import View

KEPT = FeedbackResult(status="ok", run_id=RUN, provider="codex", rating=4, category="bug", before=2)


def text(result: FeedbackResult, view: View) -> str:
    return renderers.start("feedback", view, None).result(result).stdout.decode()


def test_the_rating_is_told_back() -> None:
    assert text(KEPT, View()) == "01kak3zv5x8yq2m4: ★★★★☆ for codex at bug, instead of 2\n"


def test_a_program_gets_0_29s_words() -> None:
    said = json.loads(text(KEPT, View(json=True)))
    assert said == {
        "status": "ok",
        "run_id": RUN,
        "provider": "codex",
        "rating": 4,
        "category": "bug",
        "before": 2,
        "count": None,
        "entries": None,
    }


def test_a_comment_cannot_act_on_the_terminal() -> None:
    line = FeedbackLine(at=time.time(), run_id=RUN, provider="codex", rating=1, comment="a\x1b]0;x\x07\nb")
    said = text(FeedbackResult(status="ok", count=1, entries=(line,)), View())
    assert said.startswith("★☆☆☆☆  01kak3zv5x8yq2m4  codex  now")
    assert "\x1b" not in said
    assert said.count("\n") == 1


def test_an_empty_list_says_how_to_begin() -> None:
    assert "--rating 5" in text(FeedbackResult(status="ok", count=0, entries=()), View())
    said = json.loads(text(FeedbackResult(status="ok", count=0, entries=()), View(json=True)))
    assert (said["status"], said["count"], said["entries"]) == ("ok", 0, [])
