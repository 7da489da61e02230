"""The status as a person sees it: what is held back and by whom, what today came to, on any width."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec
import pytest
from cli_stage import LINE, RUN, STATUS
from modelmuxd.edge.render import renderers
from modelmuxd.edge.render.layout import width
from muxwire.insight import LiveStatus, Today
from muxwire.protocol import View
from muxwire.queue import AccountLine, PausedLine, QueueResult

PIPE = View()
SOON = 1000.0 + 7200
PAUSED = PausedLine("gemini", "cli of uid 1000", 900.0)
COOLS = AccountLine(
    account="claude:ab12",
    provider="claude",
    slots=2,
    cooldown_until=SOON,
    cooldown_kind="rate_limit",
    cooldown_text="Too many requests.",
)
OPEN = AccountLine(account="codex:cd34", provider="codex", running=1, slots=3, circuit="open", opens_until=SOON)
PROBED = AccountLine(account="codex:ef56", provider="codex", slots=3, circuit="half-open")
BUSY = AccountLine(account="gemini:aa00", provider="gemini", running=2, slots=2)
WAITS = msgspec.structs.replace(
    LINE, run_id=RUN[:-1] + "5", state="waiting", waiting="slots", waiting_for="slots: codex has 2 of 2 running"
)
SPEAKS = msgspec.structs.replace(LINE, last_line="looking at test_parse.py")
FULL = msgspec.structs.replace(
    STATUS,
    running=(SPEAKS,),
    waiting=(WAITS,),
    paused=(PAUSED,),
    accounts=(COOLS, OPEN, PROBED, BUSY),
    today=Today(runs=12, tokens=1_250_000, cost_usd=3.4, unpriced=5),
)


def text(status: Any, view: View = PIPE, name: str = "status") -> str:
    return renderers.start(name, view, None).result(status).stdout.decode()


def clock(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%H:%M")


def test_it_tells_what_is_held_back_and_why() -> None:
    lines = text(FULL).splitlines()
    assert lines[1] == "today: 12 runs · 1.2 M tokens · $3.40 · 5 at unknown cost"
    assert lines[2] == "paused: gemini, by cli of uid 1000"
    cells = [[cell.strip() for cell in line.split("  ") if cell] for line in lines[3:7]]
    assert cells == [
        ["claude:ab12", "0 of 2 running", f"rate_limit until {clock(SOON)}: Too many requests."],
        ["codex:cd34", "1 of 3 running", f"circuit open until {clock(SOON)}"],
        ["codex:ef56", "0 of 3 running", "circuit half-open: one attempt probes it"],
        ["gemini:aa00", "2 of 2 running"],
    ]
    assert lines[7] == ""


def test_the_queue_tells_the_same() -> None:
    queue = QueueResult(paused=(PAUSED,), accounts=(COOLS, BUSY), running=2, waiting=1)
    lines = text(queue, name="queue").splitlines()
    assert lines[:2] == ["2 running, 1 waiting", "paused: gemini, by cli of uid 1000"]
    assert "rate_limit until" in lines[2]


def test_what_runs_shows_its_last_line_and_what_waits_its_reason() -> None:
    running, waiting = text(FULL).splitlines()[8:]
    assert running.split()[:4] == [RUN[:16], "running", "codex", "1"]  # 1 m 30 s since its start
    assert running.endswith("looking at test_parse.py")
    assert waiting.endswith("slots: codex has 2 of 2 running · mend it")


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (None, None),
        (Today(runs=0), None),
        (Today(runs=1), "today: 1 run"),
        (Today(runs=2, tokens=900, unpriced=2), "today: 2 runs · 900 tokens · 2 at unknown cost"),
        (Today(runs=2, tokens=900, cost_usd=0.0), "today: 2 runs · 900 tokens · $0"),
    ],
)
def test_an_unknown_cost_is_never_nothing(today: Today | None, said: str | None) -> None:
    lines = text(msgspec.structs.replace(STATUS, today=today)).splitlines()
    assert [line for line in lines if line.startswith("today")] == ([said] if said else [])


def test_json_has_it_all() -> None:
    told = json.loads(text(FULL, View(json=True)))
    assert told["today"] == {"runs": 12, "tokens": 1_250_000, "cost_usd": 3.4, "plan_usd": None, "unpriced": 5}
    assert told["paused"][0]["by"] == "cli of uid 1000"
    assert told["accounts"][0]["cooldown_kind"] == "rate_limit"


@pytest.mark.parametrize("columns", [20, 30, 40, 60, 80, 200])
def test_it_fits_every_terminal(columns: int) -> None:
    lines = text(FULL, View(width=columns, tty=True)).splitlines()
    assert max(map(width, lines)) <= max(columns, 29), lines  # an id and a state are never cut
    assert any(line.startswith("claude:ab12") for line in lines)
    assert ("0 of 2 running" in "\n".join(lines)) is (columns >= 60)


def painted(view: View, *pictures: Any) -> list[str]:
    live = renderers.start("live", view, None)
    shown = [live.event(LiveStatus(picture)) for picture in pictures]
    return [one.stdout.decode() if one else "" for one in shown]


def test_the_live_screen_has_them_and_cuts_what_is_too_wide() -> None:
    (screen,) = painted(View(width=60, height=24, tty=True), FULL)
    assert "paused: gemini" in screen
    assert "today: 12 runs" in screen
    assert screen.startswith("\x1b[H\x1b[?7l")
    assert screen.endswith("\x1b[J\x1b[?7h")


def test_a_live_pipe_tells_each_change_once() -> None:
    at = msgspec.structs.replace
    nearer = at(FULL, at=SOON - 30)
    first, again, over = painted(PIPE, FULL, nearer, at(FULL, paused=(), accounts=(BUSY,)))
    told = [line.split("  ")[1:] for line in first.splitlines()]
    assert told[0] == ["gemini", "paused by cli of uid 1000"]
    assert told[1] == ["claude:ab12", f"rate_limit until {clock(SOON)}: Too many requests."]
    assert [line[0] for line in told[2:]] == ["codex:cd34", "codex:ef56", RUN[:16], RUN[:16]]
    assert again == ""
    gone = [line.split("  ")[1:] for line in over.splitlines()]
    assert gone == [[name, "goes on"] for name in ("gemini", "claude:ab12", "codex:cd34", "codex:ef56")]
