"""ACP agents that say what no agent should: our side is told in words, in bounded memory and time."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from apis.acp_agent import OPTIONS, PERMISSION
from apis.acp_talk import AGENT, Json, error, said, start, talk
from modelmuxd.runner.acp_permission import allows, choose


def permission(**params: Any) -> str:
    asked = {"jsonrpc": "2.0", "id": PERMISSION, "method": "session/request_permission", "params": params}
    return "raw " + json.dumps(asked)


@pytest.mark.parametrize(
    "line",
    [
        "garbage",
        '{"method":"session/update","params":[]}',
        '{"method":"session/update","params":{"update":"x"}}',
        '{"method":7}',
        '{"id":{"a":1},"method":"fs/read_text_file","params":null}',
        '{"id":77,"result":{}}',
        "[" * 100_000,
        '{"method":"session/update","params":{"update":{"a":"\\ud800","b":NaN}}}',
    ],
)
def test_strange_messages_are_passed_over(tmp_path: Path, line: str) -> None:
    told = talk(tmp_path, "raw " + line)
    assert told[-1]["result"]["stopReason"] == "end_turn"
    assert said(told).startswith("you said: ")


@pytest.mark.parametrize(
    ("tool", "options", "chosen"),
    [
        ([], OPTIONS, "r"),
        ({"kind": ["edit"]}, OPTIONS, "r"),
        ({"kind": "read", "title": 7}, OPTIONS, "a"),
        ({"kind": "read"}, {"kind": "allow_once"}, "none"),
        ({"kind": "read"}, ["allow_once", {"kind": "allow_once", "optionId": 5}], "none"),
        ({"kind": "read"}, None, "none"),
    ],
)
def test_strange_permission_requests_are_answered(tmp_path: Path, tool: object, options: object, chosen: str) -> None:
    told = talk(tmp_path, permission(toolCall=tool, options=options))
    assert said(told) == chosen


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id":3,"error":"no"}', "no"),
        ('{"id":3,"error":[1]}', "[1]"),
        ('{"id":null,"error":{"code":-32700,"message":"Parse error"}}', "Parse error"),
    ],
)
def test_errors_of_any_shape_are_told(tmp_path: Path, line: str, message: str) -> None:
    assert error(talk(tmp_path, "raw " + line)) == message


@pytest.mark.parametrize(
    ("welcome", "message"),
    [
        ({"protocolVersion": 2}, "speaks version 2"),
        ({"agentCapabilities": ["loadSession"]}, "cannot go on with a session"),
        ({"agentCapabilities": {"sessionCapabilities": {"resume": None}}}, "cannot go on with a session"),
    ],
)
def test_an_agent_that_cannot_do_it_is_told(tmp_path: Path, welcome: Json, message: str) -> None:
    (tmp_path / "welcome").write_text(json.dumps(welcome))
    assert message in error(talk(tmp_path, "x", session="s-1"))


def test_a_session_is_resumed_where_that_can_be_and_its_past_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "welcome").write_text('{"agentCapabilities": {"sessionCapabilities": {"resume": {}}}}')
    told = talk(tmp_path, "x", session="s-1")
    assert said(told) == "you said: x"
    assert "session/resume" in (tmp_path / "journal").read_text()


def test_a_session_is_loaded_where_resuming_is_but_promised(tmp_path: Path) -> None:
    (tmp_path / "no-resume").touch()
    able = {"loadSession": True, "sessionCapabilities": {"resume": {}}}
    (tmp_path / "welcome").write_text(json.dumps({"agentCapabilities": able}))
    assert said(talk(tmp_path, "x", session="s-1")) == "you said: x"
    assert "session/load" in (tmp_path / "journal").read_text()


def test_a_line_without_an_end_is_not_held(tmp_path: Path) -> None:
    assert error(talk(tmp_path, "endless")) == "the agent wrote a line of more than 16 MiB"


@pytest.mark.parametrize("mute", [True, False])
def test_silence_ends_before_the_prompt_and_after_it(tmp_path: Path, mute: bool) -> None:
    if mute:
        (tmp_path / "mute").touch()
    patience: Json = {"start_seconds": 0.3} if mute else {"quiet_seconds": 0.3}
    assert "has said nothing for" in error(talk(tmp_path, "wait", **patience))


def test_an_agent_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert (
        error(talk(tmp_path, "x", argv=[str(tmp_path / "none")])) == "it cannot be started: No such file or directory"
    )


def test_an_agent_that_floods_is_canceled_all_the_same(tmp_path: Path) -> None:
    with start(tmp_path, [sys.executable, "-S", str(AGENT)]) as program:
        assert program.stdin
        assert program.stdout
        program.stdin.write(b"flood")
        program.stdin.close()
        while b"more" not in program.stdout.readline():
            pass
        began = time.monotonic()
        program.send_signal(signal.SIGTERM)
        told = program.stdout.read()
    assert program.returncode == 1
    assert json.loads(told.splitlines()[-1]) == {"acp": "error", "error": {"message": "canceled"}}
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("tool", "word", "may"),
    [
        ({"kind": "execute"}, "write", False),
        ({"kind": "read"}, "read-only", True),
        ({}, "write", False),
        ({"kind": "edit"}, "write", False),
        ({"kind": "edit", "locations": [{"path": "/w/../etc/passwd"}]}, "write", False),
        ({"kind": "edit", "locations": [{"path": "/w/a"}, {"path": "/x"}]}, "write", False),
        ({"kind": "edit", "locations": [{"path": "/w/a"}, "/x"]}, "write", False),
        ({"kind": "edit", "locations": [{"path": "/w/\0"}]}, "write", False),
        (
            {"kind": "edit", "locations": [{"path": "/w/a"}], "content": [{"type": "diff", "path": "/x"}]},
            "write",
            False,
        ),
        ({"kind": "edit", "content": [{"type": "diff", "path": "b/a"}]}, "write", True),
        ({"kind": "delete", "locations": [{"path": "/w/a"}]}, "write", True),
        ({"kind": "delete", "locations": [{"path": "/w/a"}]}, "read-only", False),
        ({"kind": "execute"}, "full", True),
    ],
)
def test_what_a_word_lets_through(tool: Json, word: str, may: bool) -> None:
    assert allows(word, tool, "/w") is may


def test_once_is_taken_before_always_and_nothing_for_something_else() -> None:
    assert choose(OPTIONS, allowed=True)["optionId"] == "a"
    assert choose(OPTIONS[:1], allowed=True)["optionId"] == "aa"
    assert choose(OPTIONS[:2], allowed=False) == {"outcome": "cancelled"}
