"""Our side of the Agent Client Protocol against what seven real agents were recorded to say, on two pipes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from apis.acp_talk import Json, talk
from modelmuxd.adapters.acp import AcpAgent
from modelmuxd.adapters.testing import replay, request
from modelmuxd.domain.events import Delta
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.outcome import Outcome

RECORDINGS = Path(__file__).parents[1] / "recordings/acp"
AGENTS = sorted(path.name.removesuffix(".jsonl") for path in RECORDINGS.glob("*.jsonl"))
REPLAY = Path(__file__).with_name("acp_replay.py")
HELLO, TOOL, LIMIT = 1, 2, 3
"""Turns of each recording."""


class Said:
    """What came of one prompt to one recorded agent."""

    def __init__(self, home: Path, agent: str, turn: int, **call: Any) -> None:
        journal = home / "journal"
        argv = [sys.executable, "-S", str(REPLAY), str(RECORDINGS / f"{agent}.jsonl"), str(turn), str(journal)]
        told = talk(home, "say it", argv=argv, **call)
        self.heard: list[Json] = [json.loads(line) for line in journal.read_text().splitlines()]
        lines = [json.dumps(one).encode() + b"\n" for one in told]
        code = 0 if told[-1]["acp"] == "end" else 1
        adapter = AcpAgent("mine", "x", (), python="/python", env=())
        events, self.outcome = replay(adapter, lines, Exit(code), b"", request())
        self.text = "".join(event.text for event in events if isinstance(event, Delta))

    @property
    def methods(self) -> list[str]:
        return [one["method"] for one in self.heard if "method" in one]

    @property
    def permissions(self) -> list[Json]:
        return [one["result"]["outcome"] for one in self.heard if "method" not in one]

    @property
    def mode(self) -> str:
        """The mode that it was put into; empty for the one it was in."""
        for one in self.heard:
            if one.get("method") in ("session/set_mode", "session/set_config_option"):
                return str(one["params"].get("modeId") or one["params"].get("value"))
        return ""


def session_of(agent: str) -> str:
    """The session that was recorded."""
    for line in (RECORDINGS / f"{agent}.jsonl").read_text("utf-8").splitlines():
        result = json.loads(line)["msg"].get("result")
        if isinstance(result, dict) and "sessionId" in result:
            return str(result["sessionId"])
    raise AssertionError(agent)


@pytest.mark.parametrize("agent", AGENTS)
def test_a_prompt_is_answered(tmp_path: Path, agent: str) -> None:
    said = Said(tmp_path, agent, HELLO)
    assert "Hi there, turn" in said.text
    assert (said.outcome.fault, said.outcome.session) == (None, session_of(agent))
    assert [method for method in said.methods if "mode" not in method and "option" not in method] == [
        *("initialize", "session/new", "session/prompt")
    ]


@pytest.mark.parametrize("agent", AGENTS)
def test_a_session_goes_on_by_what_the_agent_can(tmp_path: Path, agent: str) -> None:
    said = Said(tmp_path, agent, HELLO, session="s-1")
    assert said.methods[:2] == ["initialize", "session/load" if agent == "gemini" else "session/resume"]
    assert (said.heard[1]["params"]["sessionId"], said.outcome.session) == ("s-1", "s-1")


ASKED = ["claude-agent-acp", "claude-code-acp-zed", "gemini", "qwen"]
"""Those that were recorded to ask before they ran a command."""
ONCE = {"claude-agent-acp": "allow", "claude-code-acp-zed": "allow", "gemini": "proceed_once", "qwen": "proceed_once"}
NEVER = {"claude-agent-acp": "reject", "claude-code-acp-zed": "reject", "gemini": "cancel", "qwen": "cancel"}


@pytest.mark.parametrize("sandbox", ["read-only", "write", "full"])
@pytest.mark.parametrize("agent", ASKED)
def test_a_command_is_permitted_once_by_the_widest_word_only(tmp_path: Path, agent: str, sandbox: str) -> None:
    said = Said(tmp_path, agent, TOOL, sandbox=sandbox)
    option = (ONCE if sandbox == "full" else NEVER)[agent]
    assert said.permissions == [{"outcome": "selected", "optionId": option}]


MODES = {  # read-only, write, full; empty for the mode that it starts in
    "claude-agent-acp": ("", "", ""),
    "claude-code-acp-zed": ("", "", ""),
    "codex-acp": ("read-only", "workspace-write", "agent-full-access"),
    "codex-acp-zed": ("", "auto", "full-access"),
    "gemini": ("", "", ""),
    "opencode": ("plan", "", ""),
    "qwen": ("", "", ""),
}


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("agent", AGENTS)
def test_the_sandbox_word_chooses_the_mode(tmp_path: Path, agent: str, place: int) -> None:
    said = Said(tmp_path, agent, HELLO, sandbox=("read-only", "write", "full")[place])
    assert said.mode == MODES[agent][place]


@pytest.mark.parametrize("agent", ["claude-agent-acp", "claude-code-acp-zed", "codex-acp", "codex-acp-zed"])
def test_a_limit_is_named(tmp_path: Path, agent: str) -> None:
    """codex-acp tells it as an answer that has ended well."""
    outcome: Outcome = Said(tmp_path, agent, LIMIT).outcome
    assert outcome.fault is not None
    assert outcome.fault.code == "rate_limit"


@pytest.mark.parametrize(
    ("agent", "total"),
    [
        ("claude-agent-acp", 20123),
        ("codex-acp", 11027),
        ("gemini", 12052),
        ("opencode", 7697),
        ("qwen", 19868),
    ],
)
def test_tokens_are_counted_once(tmp_path: Path, agent: str, total: int) -> None:
    """The two older bridges say nothing of them."""
    usage = Said(tmp_path, agent, HELLO).outcome.usage
    assert usage is not None
    assert usage.total == total
