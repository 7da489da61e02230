"""Each method's answer: as text, as JSON, and with the exit code that it means."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from cli_stage import DETAIL, FACTS, LINE, RESULT, RUN, STATUS, STREAM
from modelmuxd.edge.render import renderers
from muxwire import events, insight, runs
from muxwire.faults import Fault
from muxwire.methods import METHODS
from muxwire.protocol import View

TTY = View(width=80, tty=True)
PIPE = View()
JSON = View(json=True)
FAULT = Fault("no_provider", "No provider can be used.", "Run `muxctl check`.", provider="codex")
ANSWERS: dict[str, Any] = {
    "ping": insight.Pong(7),
    "version": insight.Version("0.1.0", 1, 7, "3.11.7"),
    "status": STATUS,
    "dispatch": RESULT,
    "show": DETAIL,
    "wait": runs.WaitResult((RESULT,)),
    "cancel": runs.CancelResult((RESULT,)),
    "facts": FACTS,
    "shutdown": insight.ShutdownResult(7, 2),
}


def failed(status: str, code: str = "", **more: Any) -> runs.RunResult:
    error = Fault(code, "It did not work.", "Do that.") if code else None
    return msgspec.structs.replace(RESULT, status=status, error=error, **more)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_text_or_one_line_of_json(name: str) -> None:
    machine = renderers.start(name, JSON, None).result(ANSWERS[name])
    told = json.loads(machine.stdout)
    assert list(told) == list(ANSWERS[name].__struct_fields__)
    assert msgspec.convert(told, type(ANSWERS[name])) == ANSWERS[name]
    assert machine.stdout.count(b"\n") == 1
    assert (machine.stderr, machine.code) == (b"", 0)
    text = renderers.start(name, TTY, None).result(ANSWERS[name])
    assert text.stdout.endswith(b"\n")
    assert text.code == 0


@pytest.mark.parametrize("name", [*METHODS, "no such method"])
def test_a_fault_is_a_sentence_and_the_next_step_or_json(name: str) -> None:
    text = renderers.start(name, TTY, None).fault(FAULT)
    said = "error: No provider can be used.\n  → Run `muxctl check`.\n"
    assert (text.stdout, text.stderr.decode(), text.code) == (b"", said, 4)
    machine = renderers.start(name, JSON, None).fault(FAULT)
    assert json.loads(machine.stdout)["error"]["hint"] == "Run `muxctl check`."
    assert (machine.stderr, machine.code) == (b"", 4)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (RESULT, 0),
        (failed("error", "crashed"), 1),
        (failed("error", "auth"), 4),
        (failed("blocked", "policy"), 3),
        (failed("lost", "lost"), 6),
        (failed("timeout", "timeout"), 124),
        (failed("canceled"), 130),
        (failed("running"), 0),
        (failed("waiting", waiting="slots"), 0),
    ],
    ids=lambda value: getattr(value, "status", ""),
)
@pytest.mark.parametrize("view", [TTY, PIPE, JSON], ids=["tty", "pipe", "json"])
def test_a_runs_end_is_the_exit_code(result: runs.RunResult, code: int, view: View) -> None:
    assert renderers.start("dispatch", view, None).result(result).code == code
    assert renderers.start("wait", view, None).result(runs.WaitResult((RESULT, result))).code == code


def test_the_canonical_keys_are_always_there() -> None:
    empty = failed("queued", summary="", output="", session_id="", token_usage=None, routed_from=None, model="")
    line = json.loads(renderers.start("dispatch", PIPE, None).result(empty).stdout)
    keys = "run_id provider status summary output session_id duration_seconds token_usage routed_from caller_excluded"
    assert list(line)[:11] == [*keys.split(), "model"]


def test_json_keeps_every_byte_and_stays_one_line() -> None:
    hostile = "\x1b[2J\u2028\u2029\x85\r\n\u202e修"
    line = renderers.start("dispatch", JSON, None).result(failed("success", output=hostile)).stdout
    assert json.loads(line)["output"] == hostile
    assert len(line.decode().splitlines()) == 1


def printed(name: str, view: View, stream: tuple[Any, ...], result: Any) -> tuple[str, str]:
    rendered = renderers.start(name, view, None)
    parts = [part for event in stream if (part := rendered.event(event))] + [rendered.result(result)]
    return b"".join(p.stdout for p in parts).decode(), b"".join(p.stderr for p in parts).decode()


@pytest.mark.parametrize(
    ("streamed", "output", "shown"),
    [
        (("all is\n", "well"), "all is\nwell", "all is\nwell\n"),
        ((), "all is\nwell", "all is\nwell\n"),
        (("I look. ", "all is well"), "all is well", "I look. all is well\n"),
        (("all is",), "all is well", "all is well\n"),
        (("thinking",), "well", "thinking\nwell\n"),
        (("ends\n",), "ends", "ends\n"),
        ((), "", ""),
    ],
)
def test_the_answer_is_shown_once(streamed: tuple[str, ...], output: str, shown: str) -> None:
    stream = tuple(events.Text(1, piece) for piece in streamed)
    assert printed("dispatch", TTY, stream, failed("success", output=output))[0] == shown


def test_another_attempt_starts_over_below_a_note() -> None:
    stream = (
        events.Text(1, "half an ans"),
        events.AttemptEnded(1, FAULT, "fail over"),
        events.Text(2, "all is\nwell 修 🎉"),
    )
    out, notes = printed("dispatch", TTY, stream, RESULT)
    assert out == "half an ans\nall is\nwell 修 🎉\n"
    assert "attempt 1: No provider can be used.; fail over" in notes
    assert "attempt 2 starts over" in notes


def test_in_the_background_the_runs_name_is_the_answer() -> None:
    out, notes = printed("dispatch", TTY, (), failed("queued", output="", next="muxctl wait 01kak3"))
    assert out == RUN[:16] + "\n"
    assert "→ muxctl wait 01kak3" in notes


@pytest.mark.parametrize(
    ("result", "code", "said"),
    [(failed("queued", output=""), 0, ""), (failed("blocked", "policy"), 3, "error: It did not work.\n  → Do that.\n")],
    ids=["accepted", "blocked"],
)
@pytest.mark.parametrize("name", ["dispatch", "retry"])
def test_in_a_pipe_the_background_gives_a_bare_id(name: str, result: runs.RunResult, code: int, said: str) -> None:
    params = runs.DispatchParams("x", background=True)
    bare = renderers.start(name, PIPE, params).result(result)
    assert (bare.stdout.decode(), bare.stderr.decode(), bare.code) == (f"{RUN}\n", said, code)
    refused = renderers.start(name, PIPE, params).fault(FAULT)
    assert (refused.stdout, refused.code) == (b"", 4)
    told = json.loads(renderers.start(name, JSON, params).result(result).stdout)
    assert (told["run_id"], told["status"]) == (RUN, result.status)


def test_the_first_note_says_what_an_interrupt_does() -> None:
    for cancels, said in ((False, "^C leaves it running, twice cancels it"), (True, "^C cancels it")):
        params = runs.DispatchParams("x", cancel_on_hangup=cancels)
        note = renderers.start("dispatch", TTY, params).event(STREAM[0])
        assert note is not None
        assert note.stderr.decode() == f"run {RUN[:16]} · {said}\n"


def test_logs_let_the_answer_flow_between_dated_lines() -> None:
    stream = (
        *STREAM,
        events.ToolUsed(1, "Bash", "started", "ls"),
        events.StateChanged("success"),
        events.Ended(RESULT),
    )
    out, notes = printed("watch", PIPE, stream, RESULT)
    lines = out.splitlines()
    assert lines[1:3] == ["all is", "well 修 🎉"]
    assert lines[3].endswith("tool Bash started ls")
    assert lines[4].endswith("success after 3.2 s, 1200 tokens")
    assert notes == ""


def test_a_live_pipe_tells_changes_only() -> None:
    waiting = msgspec.structs.replace(LINE, state="waiting", waiting="slots", waiting_for="codex has 2 of 2 running")
    pictures = [STATUS, STATUS, msgspec.structs.replace(STATUS, running=(), waiting=(waiting,))]
    out, _ = printed("live", PIPE, tuple(map(insight.LiveStatus, pictures)), STATUS)
    assert [line.split()[2] for line in out.splitlines()] == ["running", "waiting"]


def test_a_live_screen_never_scrolls() -> None:
    many = msgspec.structs.replace(STATUS, running=(LINE,) * 50)
    rendered = renderers.start("live", View(width=40, height=10, tty=True), None).event(insight.LiveStatus(many))
    assert rendered is not None
    assert rendered.stdout.startswith(b"\x1b[H")
    assert rendered.stdout.count(b"\n") < 10
    assert b"more" in rendered.stdout


def test_notices_of_the_daemon_stand_above_the_runs() -> None:
    low = Fault("storage", "The disk is nearly full.", "Run `muxctl clean`.")
    status = msgspec.structs.replace(STATUS, daemon=msgspec.structs.replace(FACTS, notices=(low,)))
    text = renderers.start("status", PIPE, None).result(status).stdout.decode()
    assert text.index("nearly full") < text.index(RUN[:16])
