"""What the public 0.29 got wrong when it read its agents, each fault by its number in the study of it; and its inputs
in the shape of the real CLIs' streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from adapters.replay import ADAPTERS, lines
from modelmuxd.adapters.testing import answer, replay, request
from modelmuxd.domain.events import Delta, Limit, Notice
from modelmuxd.domain.invocation import Exit

OK = Exit(0)


def codex(text: str, *before: Any) -> bytes:
    said = {"type": "item.completed", "item": {"id": "item_1", "type": "agent_message", "text": text}}
    usage = {"input_tokens": 1200, "output_tokens": 340}
    return lines(
        {"type": "thread.started", "thread_id": "t"}, *before, said, {"type": "turn.completed", "usage": usage}
    )


def claude(text: str, **more: Any) -> bytes:
    end = {"type": "result", "subtype": "success", "is_error": False, "result": text, "session_id": "s"}
    said = {"type": "assistant", "message": {"model": "m", "content": [{"type": "text", "text": text}]}}
    return lines({"type": "system", "subtype": "init", "session_id": "s", "model": "m"}, said, end | more)


def gemini(*chunks: str) -> bytes:
    said = [{"type": "message", "role": "assistant", "content": chunk, "delta": True} for chunk in chunks]
    return lines({"type": "init", "session_id": "s", "model": "m"}, *said, {"type": "result", "status": "success"})


SPEAK: dict[str, Callable[[str], bytes]] = {"codex": codex, "claude": claude, "gemini": gemini}
CODE = "def f(x):\n    if x:\n\n\treturn [\n  1]\n\n"


@pytest.mark.parametrize("provider", SPEAK)
def test_11_indentation_and_blank_lines_stay(provider: str) -> None:
    events, outcome = replay(ADAPTERS[provider], [SPEAK[provider](CODE)], OK)
    assert outcome.success
    assert answer(events) == CODE


@pytest.mark.parametrize("provider", SPEAK)
def test_12_a_failed_run_is_no_success(provider: str) -> None:
    _, silent = replay(ADAPTERS[provider], [], Exit(1), b"API Error: 401 unauthorized\n")
    assert silent.fault is not None
    assert "401" in silent.fault.message
    # The terminal event came, and yet the program failed: it had more to say than we know.
    _, late = replay(ADAPTERS[provider], [SPEAK[provider]("done")], Exit(1), b"segfault\n")
    assert late.fault is not None
    assert late.fault.code == "crashed"


def test_12_an_answer_about_errors_is_not_taken_for_one() -> None:
    said = "HTTP 429 means: usage limit reached, retry after 20s."
    _, outcome = replay(ADAPTERS["claude"], [claude(said)], Exit(1))
    assert outcome.fault is not None
    assert (outcome.fault.code, outcome.fault.retry_after) == ("crashed", None)


def test_13_gemini_pieces_join_without_newlines() -> None:
    events, _ = replay(ADAPTERS["gemini"], [gemini("Hel", "lo wor", "ld")], OK)
    assert answer(events) == "Hello world"
    assert [event.text for event in events if isinstance(event, Delta)] == ["Hel", "lo wor", "ld"]


@pytest.mark.parametrize("word", ["foo() is deprecated; use bar()", "DeprecationWarning: x", "pass --prompt to it"])
@pytest.mark.parametrize("provider", SPEAK)
def test_14_no_word_in_an_answer_is_special(provider: str, word: str) -> None:
    events, outcome = replay(ADAPTERS[provider], [SPEAK[provider](word)], OK)
    assert outcome.success
    assert answer(events) == word


def test_15_turn_failed_says_why() -> None:
    _, outcome = replay(ADAPTERS["codex"], [lines({"type": "turn.failed", "error": {"message": "No luck."}})], Exit(1))
    assert outcome.fault is not None
    assert outcome.fault.message == "No luck."


def test_15_an_error_object_and_scalars_are_read() -> None:
    data = lines({"type": "error", "error": {"message": "unexpected status 401"}}) + b'42\n"x"\nnull\n[]\n'
    events, outcome = replay(ADAPTERS["codex"], [data], Exit(1))
    assert [event.text for event in events if isinstance(event, Notice)] == ["42", '"x"', "null", "[]"]
    assert outcome.fault is not None
    assert outcome.fault.code == "auth"


def test_16_a_retry_inside_is_no_failure() -> None:
    retry = "Reconnecting... 1/5 (exceeded retry limit, last status: 429 Too Many Requests)"
    events, outcome = replay(ADAPTERS["codex"], [codex("full answer", {"type": "error", "message": retry})], OK)
    assert outcome.success
    assert answer(events) == "full answer"
    assert [event.kind for event in events if isinstance(event, Limit)] == ["rate_limit"]


@pytest.mark.parametrize("provider", SPEAK)
def test_17_an_answer_that_begins_with_session_stays(provider: str) -> None:
    said = "Session: storage must be encrypted\nGrowth was 50% (12MB of data)"
    events, outcome = replay(ADAPTERS[provider], [SPEAK[provider](said)], OK)
    assert answer(events) == said
    assert outcome.session in ("s", "t")


@pytest.mark.parametrize("provider", SPEAK)
def test_20_line_separators_inside_a_text_are_text(provider: str) -> None:
    said = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\r\nh\x00i"
    data = SPEAK[provider](said)
    assert "\u2028".encode() in data
    events, outcome = replay(ADAPTERS[provider], [data], OK)
    assert outcome.success
    assert answer(events) == said


@pytest.mark.parametrize("provider", SPEAK)
def test_21_half_a_surrogate_pair_can_be_written_again(provider: str) -> None:
    data = SPEAK[provider]("MARK").replace(b"MARK", b"a\\ud800b \\ud83d\\ude80 \\udc00")
    events, outcome = replay(ADAPTERS[provider], [data], OK)
    assert outcome.success
    assert answer(events) == "a\ufffdb \U0001f680 \ufffd"
    msgspec.msgpack.encode(events)


@pytest.mark.parametrize("provider", SPEAK)
def test_21_invalid_utf8_is_replaced(provider: str) -> None:
    events, outcome = replay(ADAPTERS[provider], [SPEAK[provider]("MARK").replace(b"MARK", b"a\xff\xfeb")], OK)
    assert outcome.success
    assert answer(events) == "a\ufffd\ufffdb"


@pytest.mark.parametrize("provider", SPEAK)
def test_exit_124_is_no_timeout(provider: str) -> None:
    _, outcome = replay(ADAPTERS[provider], [], Exit(124))
    assert outcome.fault is not None
    assert outcome.fault.code == "crashed"


@pytest.mark.parametrize("provider", SPEAK)
def test_garbage_around_an_answer_does_no_harm(provider: str) -> None:
    data = b"Warning: something\n" + SPEAK[provider]("fine") + b"\x00\xff trailing\n{}\n"
    events, outcome = replay(ADAPTERS[provider], [data], OK)
    assert outcome.success
    assert answer(events) == "fine"
    assert sum(isinstance(event, Notice) for event in events) == 2


@pytest.mark.parametrize("provider", SPEAK)
def test_a_program_that_prints_garbage_for_hours_fills_nothing(provider: str) -> None:
    reader = ADAPTERS[provider].reader(request())
    assert sum(len(reader.feed(b"garbage\n" * 1000)) for _ in range(20)) == 100
