"""A broadcast as a person sees it: side by side where there is room."""

from __future__ import annotations

import json

import msgspec
from cli_stage import LINE, RESULT, RUN
from modelmuxd.edge.render import renderers
from modelmuxd.edge.render.columns import side_by_side
from modelmuxd.edge.render.layout import width
from modelmuxd.edge.render.status import run_table
from muxwire.broadcast import BroadcastParams, BroadcastResult, Tally
from muxwire.events import ChildChanged
from muxwire.faults import Fault
from muxwire.protocol import View

ONE = msgspec.structs.replace(RESULT, step="codex", output="It is safe.\n\n    SELECT 1\n", part_of=RUN)
TWO = msgspec.structs.replace(RESULT, step="claude/opus", output="不安全：" + "字" * 40, part_of=RUN)
BAD = msgspec.structs.replace(
    RESULT, step="gemini", status="timeout", output="", error=Fault("timeout", "It took too long."), part_of=RUN
)
ANSWER = BroadcastResult(
    run_id=RUN,
    status="success",
    providers=("codex", "claude/opus", "gemini"),
    results=(ONE, TWO, BAD),
    summary=Tally(3, 2, 1),
    duration_seconds=3.0,
)


def test_answers_stand_side_by_side_and_who_failed_below() -> None:
    printed = renderers.start("broadcast", View(width=90, tty=True), None).result(ANSWER)
    lines = printed.stdout.decode().splitlines()
    assert lines[0].startswith("codex · 3.2 s")
    assert "│ claude/opus · 3.2 s" in lines[0]
    assert max(map(width, lines)) <= 90
    assert len({width(line.partition("│")[0]) for line in lines if "│" in line}) == 1, "columns are straight"
    assert any(line.startswith("    SELECT 1") for line in lines), "indentation stays"
    assert lines[-1].split() == ["gemini", "timeout", "It", "took", "too", "long."]
    assert b"2 of 3 answered" in printed.stderr


def test_without_room_they_stand_one_below_the_other() -> None:
    shown = side_by_side([("a", "one"), ("b", "two")], View(width=60, tty=True))
    assert shown == "a\none\n\nb\ntwo\n"


def test_in_a_pipe_it_is_one_line_of_json_and_in_the_background_the_bare_id() -> None:
    line = renderers.start("broadcast", View(), None).result(ANSWER)
    told = json.loads(line.stdout)
    assert list(told)[:5] == ["run_id", "broadcast", "status", "providers", "results"]
    assert (told["broadcast"], told["summary"]) == (True, {"total": 3, "success": 2, "error": 1})
    bare = renderers.start("broadcast", View(), BroadcastParams(task="x", background=True))
    assert bare.result(msgspec.structs.replace(ANSWER, status="running")).stdout == f"{RUN}\n".encode()


def test_an_answer_cannot_speak_to_the_terminal() -> None:
    evil = msgspec.structs.replace(ONE, output="\x1b]0;owned\x07hi", step="co\x1b[2Jdex")
    answer = msgspec.structs.replace(ANSWER, results=(evil, TWO))
    for columns in (60, 120):
        out = renderers.start("broadcast", View(width=columns, tty=True), None).result(answer).stdout
        assert b"\x1b" not in out


def test_what_happens_is_told_as_it_happens() -> None:
    terminal = renderers.start("broadcast", View(width=80, tty=True), None)
    event = ChildChanged(child=RUN, step="codex", state="error", text="no\x1b[2J")
    told = terminal.event(event)
    assert told is not None
    assert told.stderr.startswith(b"codex  error  no")
    assert b"\x1b" not in told.stderr


def test_turns_stand_below_what_they_are_part_of() -> None:
    other = msgspec.structs.replace(LINE, run_id="01other0000000000")
    child = msgspec.structs.replace(LINE, run_id="01zz0000000000000", part_of=RUN, step="codex", round=2)
    shown = run_table([child, other, LINE], 1000.0, View()).splitlines()
    assert [line.split()[0] for line in shown] == ["01other000000000", RUN[:16], "01zz000000000000"]
    assert "└ codex 2  mend it" in shown[2]
