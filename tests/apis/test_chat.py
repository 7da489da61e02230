"""Ollama and DashScope through the whole engine, against the loopback model API: real calls by the real program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine.stage import Stage, ended, until, waits
from fake_model_api import FakeModelAPI
from modelmuxd.adapters.dashscope import DashScope
from modelmuxd.adapters.ollama import Ollama, url_of
from modelmuxd.adapters.openai_compatible import OpenAICompatible
from muxwire.runs import CallerEnv, RunResult

pytestmark = pytest.mark.anyio

KEY = "sk-key-of-the-test"
BOTH = ["ollama", "dashscope"]


class World(Stage):
    """A stage whose providers are APIs on loopback."""

    def __init__(self, root: Path, api: FakeModelAPI) -> None:
        super().__init__(root)
        self.api = api
        there = OpenAICompatible("dashscope", title="DashScope", base_url=f"{api.url}/v1", keys=("DASHSCOPE_API_KEY",))
        self.adapters = {"ollama": Ollama(), "dashscope": there}  # type: ignore[dict-item]

    @property
    def env(self) -> dict[str, str]:
        return {**super().env, "OLLAMA_HOST": self.api.url.removeprefix("http://")}

    async def says(self, engine: Any, provider: str, *script: str, **more: Any) -> RunResult:
        secrets = {"DASHSCOPE_API_KEY": KEY} if provider == "dashscope" else {}
        more = {"provider": provider, "env": CallerEnv(self.env), **more}
        return await self.run(engine, *script, secrets=secrets, **more)


@pytest.fixture
def api() -> Iterator[FakeModelAPI]:
    with FakeModelAPI() as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, api: FakeModelAPI) -> World:
    return World(tmp_path, api)


@pytest.mark.parametrize("provider", BOTH)
async def test_an_answer_arrives_with_its_tokens(world: World, provider: str) -> None:
    async with world.engine() as engine:
        run = await world.says(engine, provider, "Say it. [[reply:all is well 修 🎉]]", model="some-model")
    assert (run.status, run.output, run.model) == ("success", "all is well 修 🎉", "some-model")
    assert run.token_usage is not None
    assert run.token_usage.output_tokens > 0
    free = 0.0 if provider == "ollama" else None
    assert (run.sandbox_enforced, run.cost and run.cost.usd) == ("no_tools", free)
    (asked,) = world.api.requests
    assert asked["body"]["messages"][-1] == {"role": "user", "content": "Say it. [[reply:all is well 修 🎉]]"}


@pytest.mark.parametrize("provider", BOTH)
async def test_a_session_is_kept_by_us(world: World, provider: str) -> None:
    async with world.engine() as engine:
        first = await world.says(engine, provider, "One. [[reply:first answer]]", model="m")
    async with world.engine() as engine:
        await world.says(engine, provider, "Two. [[reply:x]]", model="m", session_id=first.session_id)
        unknown = await world.says(engine, provider, "Three.", model="m", session_id="none-such")
    said = world.api.requests[-1]["body"]["messages"]
    system = [] if provider == "ollama" else ["system"]
    assert [one["role"] for one in said] == [*system, "user", "assistant", "user"]
    assert said[-2]["content"] == "first answer"
    assert unknown.error is not None
    assert "no session 'none-such'" in unknown.error.message


@pytest.mark.parametrize("provider", BOTH)
@pytest.mark.parametrize(
    ("status", "code"), [(401, "auth"), (400, "invalid_request"), (500, "transient"), (503, "overloaded")]
)
async def test_an_error_is_named(world: World, provider: str, status: int, code: str) -> None:
    async with world.engine() as engine:
        run = await world.says(engine, provider, f"x [[status:{status}]] [[message:the server says no]]", model="m")
    assert run.error is not None
    assert (run.status, run.error.code, run.error.message) == ("error", code, "the server says no")


@pytest.mark.parametrize("provider", BOTH)
async def test_a_rate_limit_parks_the_run_for_as_long_as_it_says(world: World, provider: str) -> None:
    async with world.engine() as engine:
        task = await world.accept(
            engine,
            "x [[status:429:1]] [[retry-after:1]] [[reply:at last]]",
            provider=provider,
            model="m",
            env=CallerEnv(world.env),
            secrets={"DASHSCOPE_API_KEY": KEY} if provider == "dashscope" else {},
        )
        await waits(engine, task, "cooldown")
        assert (await ended(engine, task)).output == "at last"


@pytest.mark.parametrize("provider", BOTH)
async def test_a_stream_that_breaks_off_is_no_success(world: World, provider: str) -> None:
    async with world.engine() as engine:
        broken = await world.says(
            engine,
            provider,
            "x [[chunk:5]] [[disconnect:1]] [[reply:a long enough answer]]",
            model="m",
        )
        failed = await world.says(engine, provider, "x [[stream-error:500]] [[reply:a long answer]]", model="m")
    for run in (broken, failed):
        assert run.error is not None
        assert (run.status, run.error.code) == ("error", "transient")


async def test_what_is_not_installed_is_told_with_the_command(world: World) -> None:
    async with world.engine() as engine:
        run = await world.says(engine, "ollama", "x", model="no-such-model")
    assert run.error is not None
    assert run.error.hint == "Run `ollama pull no-such-model`."


async def test_without_a_model_the_first_that_is_there_is_asked(world: World) -> None:
    async with world.engine() as engine:
        run = await world.says(engine, "ollama", "x [[reply:y]]")
    assert (run.status, run.model) == ("success", "fake-model")


async def test_a_server_that_is_not_there_is_no_candidate(world: World, tmp_path: Path) -> None:
    env = CallerEnv({**world.env, "OLLAMA_HOST": "127.0.0.1:1"})
    async with world.engine() as engine:
        run = await world.says(engine, "ollama", "x", env=env)
    assert run.error is not None
    assert "Ollama is not running: nobody answers at 127.0.0.1:1." in run.error.message


async def test_the_key_goes_to_the_server_and_nowhere_else(world: World) -> None:
    async with world.engine() as engine:
        await world.says(engine, "dashscope", "x [[reply:y]]", model="m")
        await world.says(engine, "ollama", "x [[reply:y]]", model="m")
    first, second = world.api.requests
    assert (first["headers"]["authorization"], second["headers"].get("authorization")) == (f"Bearer {KEY}", None)
    left = [path for path in Path(world.here.state).rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert left == []


async def test_an_answer_that_is_being_written_outlives_the_daemon(world: World) -> None:
    async with world.engine() as engine:
        task = await world.accept(
            engine, "x [[delay:1]] [[reply:late but whole]]", provider="ollama", model="m", env=CallerEnv(world.env)
        )
        (spool,) = [Path(world.here.spool, f"{task.new.run_id}-1", "claim")]
        await until(spool)
    async with world.engine() as engine:
        run = await ended(engine, task)
    assert (run.status, run.output, run.attempts) == ("success", "late but whole", 1)
    assert len(world.api.requests) == 1


async def test_it_writes_no_files_and_says_so(world: World) -> None:
    async with world.engine() as engine:
        run = await world.says(engine, "ollama", "x", sandbox="write")
    assert run.error is not None
    assert "has no tools" in run.error.message


def test_which_address_and_key_dashscope_has() -> None:
    adapter = DashScope()
    assert "coding" in adapter.base_url(frozenset({"DASHSCOPE_CODING_API_KEY", "DASHSCOPE_API_KEY"}))
    assert "compatible-mode" in adapter.base_url(frozenset({"DASHSCOPE_API_KEY"}))
    assert adapter.login({}, frozenset()).state == "no"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("box", "http://box:11434"),
        ("0.0.0.0:9000", "http://127.0.0.1:9000"),
        ("https://x/y", "https://x/y"),
    ],
)
def test_what_ollama_host_means(host: str, url: str) -> None:
    assert url_of(host) == url


def test_a_project_cannot_slip_its_own_module_in(world: World) -> None:
    """The program leaves the working folder off its path before it loads anything."""
    from modelmuxd.adapters.http_call import _PROGRAM

    assert _PROGRAM.startswith("import sys; sys.path.pop(0); ")
    assert json.dumps(_PROGRAM)
