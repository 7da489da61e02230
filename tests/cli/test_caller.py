"""What a client tells of itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muxclients import caller
from muxwire.environ import base_environment


@pytest.mark.parametrize(
    ("env", "tty", "colour"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, True),
    ],
)
def test_colour(env: dict[str, str], tty: bool, colour: bool) -> None:
    assert caller.colour(env, tty=tty) is colour


@pytest.mark.parametrize(
    ("columns", "width"), [("120", 120), ("", 80), ("0", 80), ("-5", 80), ("wide", 80), ("9" * 9, 80)]
)
def test_width_without_a_terminal(columns: str, width: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with open(tmp_path / "out", "wb") as out:
        kept = os.dup(1)
        try:
            os.dup2(out.fileno(), 1)
            assert caller.view(json=False, env={"COLUMNS": columns})[1:3] == (width, 24)
        finally:
            os.dup2(kept, 1)
            os.close(kept)


@given(st.binary())
def test_text_is_the_bytes_that_were_typed(raw: bytes) -> None:
    argument = os.fsdecode(raw)
    try:
        expected = raw.decode()
    except UnicodeDecodeError:
        with pytest.raises(UnicodeDecodeError):
            caller.text(argument)
    else:
        assert caller.text(argument) == expected


def test_the_base_environment_holds_no_secret_and_no_strange_bytes() -> None:
    pairs = [
        (b"PATH", b"/bin"),
        (b"LC_MESSAGES", b"C"),
        (b"XDG_CONFIG_HOME", b"/c"),
        (b"https_proxy", "http://prüf".encode()),
        (b"OPENAI_API_KEY", b"sk-secret"),
        (b"PATHS", b"no"),
        (b"HOME", b"/h\xff"),
        (b"LC_\xff", b"no"),
    ]
    kept = {"PATH": "/bin", "LC_MESSAGES": "C", "XDG_CONFIG_HOME": "/c", "https_proxy": "http://prüf"}
    assert base_environment(pairs) == kept


def test_a_folder_is_sent_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    fields: dict[str, Any] = caller.complete("dispatch", {"task": "x", "workdir": "sub/../other"})
    assert fields["workdir"] == str(tmp_path / "other")
    assert fields["origin"]["workdir"] == str(tmp_path)


def test_a_dispatch_that_is_made_again_is_the_same_run() -> None:
    first, second = (caller.complete("dispatch", {"task": "x"})["idempotency_key"] for _ in range(2))
    assert first == second
    assert caller.complete("dispatch", {"task": "x", "idempotency_key": "mine"})["idempotency_key"] == "mine"
    assert caller.complete("show", {"run_id": "x"}) == {"run_id": "x"}
