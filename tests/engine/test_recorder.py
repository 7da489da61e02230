"""What a watcher sees of an attempt, and that a re-read attempt adds exactly what was missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.domain.events import Delta, Event, Limit, Message, Notice, Started, Tool
from modelmuxd.engine.answer import Answer
from modelmuxd.engine.recorder import FLUSH_SIZE, Recorder, count_seen
from muxwire import events as wire


def record(folder: Path, events: list[Event], **seen: Any) -> Recorder:
    recorder = Recorder(1, Answer(folder), **seen)
    for event in events:
        recorder.take(event)
    return recorder


def text_of(events: tuple[wire.RunEvent, ...]) -> str:
    return "".join(event.text for event in events if isinstance(event, wire.Text))


def test_deltas_are_coalesced_and_their_message_is_not_shown_twice(tmp_path: Path) -> None:
    recorder = record(tmp_path, [Started("s", "m"), Delta("Hel"), Delta("lo"), Message("Hello")])
    assert recorder.drain() == (
        wire.SessionStarted(session_id="s", model="m"),
        wire.Text(attempt=1, text="Hello"),
    )


def test_messages_without_deltas_are_shown_apart(tmp_path: Path) -> None:
    recorder = record(tmp_path, [Message("I look."), Tool("shell", "completed", "ls"), Message("Done.")])
    shown = recorder.drain()
    assert text_of(shown) == "I look.\nDone."
    assert wire.ToolUsed(attempt=1, name="shell", status="completed", detail="ls") in shown
    assert recorder.last_line == "Done."


def test_order_is_kept_between_text_and_the_rest(tmp_path: Path) -> None:
    recorder = record(tmp_path, [Delta("a"), Notice("n"), Delta("b"), Limit("rate_limit", "slow down")])
    kinds = [type(event).__name__ for event in recorder.drain()]
    assert kinds == ["Text", "Notice", "Text", "Notice"]


def test_much_text_asks_for_a_flush(tmp_path: Path) -> None:
    recorder = record(tmp_path, [Delta("x" * FLUSH_SIZE)])
    assert recorder.full
    recorder.drain()
    assert not recorder.full


events = st.lists(
    st.one_of(
        st.text(max_size=8).map(Delta),
        st.text(max_size=8).map(Message),
        st.text(max_size=8).map(Notice),
        st.builds(Tool, st.text(max_size=4)),
        st.builds(Started, st.just("s")),
    ),
    max_size=30,
)


@given(events, st.integers(0, 30))
def test_a_reread_attempt_adds_exactly_what_was_missing(
    tmp_path_factory: pytest.TempPathFactory, all_events: list[Event], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("recorder")
    whole = record(folder, all_events).drain()
    before = record(folder, all_events[:cut]).drain()
    text, others = count_seen(before, 1)
    after = record(folder, all_events, text_seen=text, others_seen=others).drain()
    assert text_of(before) + text_of(after) == text_of(whole)
    others_of = [event for event in whole if not isinstance(event, wire.Text)]
    assert [e for e in (*before, *after) if not isinstance(e, wire.Text)] == others_of
