"""The Agent Client Protocol with real agents: three CLIs' own, and the bridge to Codex."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_model_api import FakeModelAPI
from live.conftest import needed
from live.world import World, agents_folder, until
from muxwire.runs import RunResult

QUIET = [f"OPENCODE_DISABLE_{name}" for name in ("MODELS_FETCH", "LSP_DOWNLOAD")]
AGENTS = {
    "gemini": ("gemini", ["--acp"], ["GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"]),
    "codex": ("codex-acp", [], ["OPENAI_API_KEY"]),
    "qwen": ("qwen", ["--acp"], ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"]),
    "opencode": ("opencode", ["acp"], ["LOOPBACK_KEY", *QUIET]),
}
"""By the world whose home they share: command, arguments, names of variables."""


class Acp:
    """A world whose user knows the agent as `mine`."""

    def __init__(self, kind: str, folder: Path, api: FakeModelAPI) -> None:
        command, args, env = AGENTS[kind]
        needed(agents_folder() / command, ".ci/agents")
        self.world = World(kind, folder, api)
        profiles = folder / "mux/config/profiles.toml"
        profiles.parent.mkdir(parents=True, exist_ok=True)
        profiles.write_text(
            f"[acp_agents.mine]\ncommand = {json.dumps(command)}\nargs = {json.dumps(args)}\nenv = {json.dumps(env)}\n"
        )

    def start(self, task: str, *options: str) -> str:
        done = self.world.muxctl("dispatch", "--json", "--background", "-p", "mine", *options, stdin=task)
        assert done.returncode == 0, done.stderr
        run_id: str = json.loads(done.stdout)["run_id"]
        return run_id

    def age(self) -> None:
        """Gemini CLI 0.61.0 names a chat's file by the minute, and overwrites it when it is loaded in the same one."""
        for chat in self.world.home.glob(".gemini/tmp/*/chats/session-*"):
            chat.rename(chat.with_name(re.sub(r"T\d\d-\d\d", "T00-00", chat.name)))

    def dispatch(self, task: str, *options: str) -> RunResult:
        return self.world.wait(self.start(task, *options))


@pytest.fixture
def acp(request: pytest.FixtureRequest, folder: Path, api: FakeModelAPI) -> Iterator[Acp]:
    made = Acp(request.param, folder, api)
    yield made
    made.world.close()


@pytest.mark.parametrize("acp", AGENTS, indirect=True)
def test_it_answers_and_its_session_goes_on(acp: Acp) -> None:
    first = acp.dispatch("Say it. [[reply:over acp]]")
    assert (first.status, first.output.endswith("over acp"), first.sandbox_enforced) == ("success", True, "none")
    assert first.token_usage is not None
    assert first.token_usage.input_tokens
    acp.age()
    second = acp.dispatch("Again. [[reply:once more]]", "--session", first.run_id)
    assert second.status == "success", second.error
    assert second.session_id == first.session_id
    asked = json.dumps(acp.world.asked("Again.")[-1]["body"])
    assert "Say it." in asked, "the agent has forgotten what was said before"
    assert second.output.endswith("once more")
    assert "over acp" not in second.output, "the past is told again"


@pytest.mark.parametrize(("sandbox", "tool"), [("read-only", "write"), ("read-only", "shell"), ("write", "shell")])
@pytest.mark.parametrize("acp", AGENTS, indirect=True)
def test_the_sandbox_word_holds(acp: Acp, tool: str, sandbox: str) -> None:
    """Read-only leaves no file inside; write leaves none outside."""
    target = (acp.world.project if sandbox == "read-only" else acp.world.home) / "made.txt"
    order = f"write:{target}=x" if tool == "write" else f"shell:echo x > {target}"
    run = acp.dispatch(f"Do it. [[tool:{order}]] [[reply:Done.]]", "--sandbox", sandbox)
    assert len(acp.world.asked("Do it.")) >= 1
    assert not target.exists(), run


@pytest.mark.parametrize("acp", AGENTS, indirect=True)
def test_write_lets_it_edit_in_its_folder(acp: Acp) -> None:
    target = acp.world.project / "made.txt"
    acp.dispatch(f"Do it. [[tool:write:{target}=x]] [[reply:Done.]]", "--sandbox", "write")
    assert target.exists()


@pytest.mark.parametrize("acp", ["codex", "opencode"], indirect=True)
def test_full_lets_it_write(acp: Acp) -> None:
    target = acp.world.project / "made.txt"
    run = acp.dispatch(f"Do it. [[tool:shell:echo x > {target}]] [[reply:Done.]]", "--sandbox", "full")
    assert (run.status, target.exists()) == ("success", True)


@pytest.mark.parametrize("acp", ["gemini", "codex"], indirect=True)
def test_a_cancel_leaves_no_process(acp: Acp) -> None:
    run_id = acp.start("In the middle. [[long:40000]] [[chunk-delay:1]]")
    until(lambda: acp.world.asked("In the middle."), "the model request")
    assert acp.world.agents(), "nothing runs, so nothing is proven"
    acp.world.muxctl("cancel", run_id)
    assert acp.world.wait(run_id).status == "canceled"
    until(lambda: not acp.world.agents(), "the end of the process tree")


@pytest.mark.parametrize("acp", ["gemini", "codex"], indirect=True)
def test_it_outlives_the_daemon(acp: Acp) -> None:
    run_id = acp.start("In the middle. [[delay:4]] [[reply:Still here.]]")
    until(lambda: acp.world.asked("In the middle."), "the model request")
    daemon = acp.world.daemon()
    assert daemon is not None
    daemon.kill()
    daemon.wait(timeout=10)
    run = acp.world.wait(run_id)
    assert (run.status, run.attempts, "Still here." in run.output) == ("success", 1, True)


@pytest.mark.parametrize("acp", ["codex"], indirect=True)
def test_a_limit_is_named(acp: Acp) -> None:
    run = acp.dispatch("Try. [[status:429]] [[message:Rate limit reached for requests]]", "--deadline", "20")
    assert run.error is not None
    assert run.error.code == "rate_limit"
