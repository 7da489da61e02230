"""A2A with agents on the real SDK, of both generations: what a user sees, and what the agent was asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_model_api import FakeModelAPI
from live.conftest import needed
from live.world import World, cache_folder, until
from muxwire.runs import RunResult

GENERATIONS = ["0.3.26", "1.3.0"]
NAMES = {
    "0.3.26": {"send": "message/send", "stream": "message/stream", "get": "tasks/get", "cancel": "tasks/cancel"},
    "1.3.0": {"send": "SendMessage", "stream": "SendStreamingMessage", "get": "GetTask", "cancel": "CancelTask"},
}
AGAIN = {"0.3.26": "tasks/resubscribe", "1.3.0": "SubscribeToTask"}


class Far:
    """An agent of one generation, and the world of a user that knows it as `far`."""

    def __init__(self, generation: str, world: World, *options: str) -> None:
        self.generation, self.world = generation, world
        self.names = NAMES[generation]
        self.folder = world.folder / "far"
        self.folder.mkdir()
        python = cache_folder() / "a2a" / generation / "bin/python"
        needed(python, ".ci/a2a")
        program = Path(__file__).with_name("sdk_agent.py")
        self.server = subprocess.Popen([python, program, self.folder, *options])
        until(lambda: (self.folder / "port").exists(), "the agent")
        profiles = world.folder / "mux/config/profiles.toml"
        profiles.parent.mkdir(parents=True)
        port = (self.folder / "port").read_text()
        profiles.write_text(f'[a2a_agents.far]\nurl = "http://127.0.0.1:{port}"\n')

    def close(self) -> None:
        self.server.kill()
        self.server.wait()

    def go(self) -> None:
        (self.folder / "go").touch()

    def calls(self) -> list[str]:
        return [call for call, _ in self._noted()]

    def params(self) -> list[Any]:
        return [params for _, params in self._noted()]

    def _noted(self) -> list[tuple[str, Any]]:
        noted = self.folder / "calls"
        return [json.loads(line) for line in noted.read_text().splitlines()] if noted.exists() else []

    def dispatch(self, task: str, *options: str) -> RunResult:
        return self.world.wait(self.start(task, *options))

    def start(self, task: str, *options: str) -> str:
        done = self.world.muxctl("dispatch", "--json", "--background", "-p", "far", *options, stdin=task)
        assert done.returncode == 0, done.stderr
        run_id: str = json.loads(done.stdout)["run_id"]
        return run_id

    def show(self, run_id: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.world.muxctl("show", "--json", run_id).stdout)["result"]
        return result


MakeFar = Callable[..., Far]


@pytest.fixture
def far(folder: Path, api: FakeModelAPI) -> Iterator[MakeFar]:
    made: list[Far] = []

    def make(generation: str, *options: str) -> Far:
        made.append(Far(generation, World("a2a", folder, api), *options))
        return made[0]

    yield make
    for one in made:
        one.world.close()
        one.close()


@pytest.mark.parametrize("card", [(), ("old-card",)], ids=["agent-card.json", "agent.json"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_it_is_found_by_either_card_and_streams(far: MakeFar, generation: str, card: tuple[str, ...]) -> None:
    agent = far(generation, *card)
    run = agent.dispatch("hello 修")
    assert (run.status, run.output, run.sandbox_enforced) == ("success", "you said: hello 修", "none")
    assert agent.calls() == [agent.names["stream"]]
    logs = agent.world.muxctl("logs", run.run_id).stdout
    assert "you said: hello 修" in logs


@pytest.mark.parametrize("generation", GENERATIONS)
def test_one_that_cannot_stream_is_asked_now_and_again(far: MakeFar, generation: str) -> None:
    agent = far(generation, "no-streaming")
    run_id = agent.start("later")
    until(lambda: agent.names["get"] in agent.calls(), "a look at the task")
    agent.go()
    run = agent.world.wait(run_id)
    assert (run.status, run.output) == ("success", "you said: later")
    assert set(agent.calls()) == {agent.names["send"], agent.names["get"]}
    assert agent.calls().count(agent.names["send"]) == 1


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_stream_that_breaks_is_taken_up_again(far: MakeFar, generation: str) -> None:
    agent = far(generation)
    run_id = agent.start("drop")
    until(lambda: AGAIN[generation] in agent.calls(), "another stream")
    agent.go()
    run = agent.world.wait(run_id)
    assert (run.status, run.output) == ("success", "you said: drop")
    assert agent.calls() == [agent.names["stream"], agent.names["get"], AGAIN[generation]]


@pytest.mark.parametrize("options", [(), ("no-streaming",)], ids=["streaming", "polling"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_cancel_ends_the_remote_task(far: MakeFar, generation: str, options: tuple[str, ...]) -> None:
    agent = far(generation, *options)
    run_id = agent.start("later")
    until(lambda: "session_id" in agent.world.muxctl("logs", "--json", run_id).stdout, "the task's name")
    agent.world.muxctl("cancel", run_id)
    assert agent.world.wait(run_id).status == "canceled"
    assert agent.calls()[-1] == agent.names["cancel"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_question_is_shown_and_its_answer_goes_on_in_the_same_task(far: MakeFar, generation: str) -> None:
    agent = far(generation)
    run_id = agent.start("ask")
    until(lambda: agent.show(run_id)["status"] == "waiting", "the question")
    shown = agent.show(run_id)
    assert (shown["waiting"], "which one?" in json.dumps(shown)) == ("input", True)
    assert agent.world.muxctl("answer", run_id, "the second").returncode == 0
    run = agent.world.wait(run_id)
    assert (run.status, run.output) == ("success", "you said: the second")
    message = agent.params()[-1]["message"]
    assert message["taskId"]
    assert message["contextId"] == run.session_id
    assert len({one["message"].get("taskId") for one in agent.params()}) == 2


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_session_is_the_remotes_context(far: MakeFar, generation: str) -> None:
    agent = far(generation)
    first = agent.dispatch("one")
    second = agent.dispatch("two", "--session", first.run_id)
    assert (second.output, second.session_id) == ("you said: two", first.session_id)
    assert agent.params()[-1]["message"]["contextId"] == first.session_id


@pytest.mark.parametrize("options", [(), ("no-streaming",)], ids=["streaming", "polling"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_it_is_followed_on_when_the_daemon_is_killed(far: MakeFar, generation: str, options: tuple[str, ...]) -> None:
    agent = far(generation, *options)
    run_id = agent.start("later")
    until(agent.calls, "the message")
    daemon = agent.world.daemon()
    assert daemon is not None
    daemon.kill()
    daemon.wait(timeout=10)
    agent.go()
    run = agent.world.wait(run_id)
    assert (run.status, run.output, run.attempts) == ("success", "you said: later", 1)
    assert sum("essage" in call for call in agent.calls()) == 1


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_failure_has_its_name(far: MakeFar, generation: str) -> None:
    failed = far(generation).dispatch("fail", "--deadline", "5")
    assert failed.error is not None
    assert (failed.error.code, failed.error.message) == ("rate_limit", "too many requests")


@pytest.mark.parametrize("generation", GENERATIONS)
def test_after_a_timeout_nothing_is_sent_again_and_the_remote_task_ends(far: MakeFar, generation: str) -> None:
    agent = far(generation)
    late = agent.dispatch("later", "--timeout", "5", "--max-retries", "3")
    assert (late.status, late.attempts) == ("timeout", 1)
    assert agent.calls() == [agent.names["stream"], agent.names["cancel"]]
