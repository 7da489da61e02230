"""ACP agents through the whole engine: a scripted agent on two pipes, and what seven real ones were recorded to say."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from apis.acp_talk import AGENT
from engine.stage import Stage, alive, ended, until
from modelmuxd.adapters.acp import AcpAgent
from modelmuxd.adapters.testing import replay, request
from modelmuxd.domain.events import Delta, Tool
from modelmuxd.domain.invocation import Exit

pytestmark = pytest.mark.anyio

RECORDINGS = Path(__file__).parents[1] / "recordings/acp"
AGENTS = sorted(path.name.removesuffix(".jsonl") for path in RECORDINGS.glob("*.jsonl"))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    program = made.bin / "talker"
    program.write_text(f"#!{sys.executable} -S\n{AGENT.read_text()}")
    program.chmod(0o755)
    profiles = Path(made.here.profiles)
    profiles.parent.mkdir(parents=True)
    profiles.write_text('[acp_agents.talker]\ncommand = "talker"\n')
    return made


def journal(stage: Stage) -> list[str]:
    return (stage.root / "journal").read_text().splitlines()


async def test_a_prompt_is_answered_in_a_session(stage: Stage) -> None:
    async with stage.engine() as engine:
        first = await stage.run(engine, "hello 修", provider="talker")
        second = await stage.run(engine, "again", provider="talker", session_id="s-1")
    assert (first.status, first.output, first.session_id) == ("success", "you said: hello 修", "s-1")
    assert first.token_usage is not None
    assert (first.token_usage.total_tokens, first.token_usage.cached_input_tokens) == (8, 1)
    assert (second.output, second.sandbox_enforced) == ("you said: again", "none")  # the past is not told again
    assert [word for word in journal(stage) if "session/" in word] == [
        *("session/new", "session/prompt", "session/load", "session/prompt")
    ]


@pytest.mark.parametrize(("sandbox", "option"), [("read-only", "r"), ("write", "a"), ("full", "a")])
async def test_permission_is_given_by_the_sandbox_word(stage: Stage, sandbox: str, option: str) -> None:
    async with stage.engine() as engine:
        run = await stage.run(engine, f"edit {stage.workdir}/x", provider="talker", sandbox=sandbox)
        outside = await stage.run(engine, f"edit {stage.root}/x", provider="talker", sandbox=sandbox)
    assert (run.output, outside.output) == (option, "a" if sandbox == "full" else "r")


@pytest.mark.parametrize(("words", "code"), [("fail", "rate_limit"), ("crash", "crashed")])
async def test_a_failure_is_named(stage: Stage, words: str, code: str) -> None:
    async with stage.engine() as engine:
        run = await stage.run(engine, words, provider="talker", deadline=3.0)
    assert run.error is not None
    assert (run.status, run.error.code) == ("error", code)


async def test_a_cancel_is_told_to_the_agent_first(stage: Stage) -> None:
    async with stage.engine() as engine:
        task = await stage.accept(engine, "wait", provider="talker")
        await until(stage.root / "journal")
        while "waiting" not in journal(stage):
            await engine.hub.changed().wait()
        await engine.runs.cancel(task.new.run_id, "test")
        run = await ended(engine, task)
    assert (run.status, journal(stage)[-1]) == ("canceled", "session/cancel")
    assert not alive(int(journal(stage)[0].split()[1]))


async def test_the_conversation_outlives_the_daemon(stage: Stage) -> None:
    async with stage.engine() as engine:
        task = await stage.accept(engine, "later", provider="talker")
        await until(stage.root / "journal")
        while "session/prompt" not in journal(stage):
            await engine.hub.changed().wait()
    (stage.root / "go").touch()
    async with stage.engine() as engine:
        run = await ended(engine, task)
    assert (run.status, run.output, run.attempts) == ("success", "you said: later", 1)


@pytest.mark.parametrize("agent", AGENTS)
def test_what_real_agents_said_is_understood(agent: str) -> None:
    """The first prompt of each recording, as our program would tell it."""
    adapter = AcpAgent("mine", "x", (), python="/python", env=())
    told: list[dict[str, Any]] = []
    for line in (RECORDINGS / f"{agent}.jsonl").read_text("utf-8").splitlines():
        message = json.loads(line)["msg"]
        if message.get("method") == "session/update":
            told.append({"acp": "update", "update": message["params"]["update"]})
        elif "stopReason" in (message.get("result") or {}):
            told.append({"acp": "end", "result": message["result"]})
    first = next(place for place, one in enumerate(told) if one["acp"] == "end") + 1
    events, outcome = replay(
        adapter, [json.dumps(one).encode() + b"\n" for one in told[:first]], Exit(0), b"", request()
    )
    assert outcome.fault is None
    assert "Hi there, turn" in "".join(event.text for event in events if isinstance(event, Delta))
    later, _ = replay(adapter, [json.dumps(one).encode() + b"\n" for one in told[first:]], Exit(0), b"", request())
    assert any(isinstance(event, Tool) for event in later) or agent in ("codex-acp-zed", "qwen", "gemini")
