"""`ollama run` where Ollama's API cannot be reached: a scripted program on PATH, through the whole engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from engine.stage import Stage
from modelmuxd.adapters.ollama import Ollama
from modelmuxd.adapters.testing import request
from modelmuxd.runner.stand_in import find
from muxwire.runs import CallerEnv, RunResult

pytestmark = pytest.mark.anyio

PROGRAM = r"""#!/bin/sh
if [ "$1" = list ]; then
    printf 'NAME            ID    SIZE\nqwen3:8b        500a  5.2 GB\nother:latest    77bc  1 GB\n'
    exit 0
fi
[ "$1 $2 $3" = "run --nowordwrap --" ] || exit 64
case $4 in
missing) printf '\033[?25lError: pull model manifest: model "missing" not found\n' >&2; exit 1 ;;
deaf) echo 'Error: could not connect to ollama app, is it running?' >&2; exit 1 ;;
esac
printf '%s heard: ' "$4"
cat
"""
NOWHERE = "127.0.0.1:1"


class World(Stage):
    """Nobody answers at OLLAMA_HOST."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.adapters = {"ollama": Ollama()}  # type: ignore[dict-item]
        self.program = self.bin / "ollama"

    @property
    def env(self) -> dict[str, str]:
        return {**super().env, "OLLAMA_HOST": NOWHERE}

    def install(self) -> None:
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)

    async def says(self, task: str, **more: Any) -> RunResult:
        async with self.engine() as engine:
            return await self.run(engine, task, provider="ollama", env=CallerEnv(self.env), **more)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.install()
    return made


async def test_the_program_answers_instead(world: World) -> None:
    run = await world.says("Grüße, 修 🎉", model="m:1")
    assert (run.status, run.output, run.model) == ("success", "m:1 heard: Grüße, 修 🎉", "m:1")
    assert (run.sandbox_enforced, run.token_usage) == ("no_tools", None)


async def test_without_a_model_the_first_of_its_list_is_asked(world: World) -> None:
    run = await world.says("x")
    assert (run.status, run.model) == ("success", "qwen3:8b")


async def test_what_was_said_before_goes_along(world: World) -> None:
    first = await world.says("Remember heron.", model="m")
    second = await world.says("Which word?", model="m", session_id=first.session_id)
    assert second.status == "success"
    assert second.output.startswith("m heard: User: Remember heron.\n\nAssistant: m heard: Remember heron.")
    assert second.output.endswith("\n\nUser: Which word?")
    assert second.session_id == first.session_id


async def test_a_model_that_is_missing_says_how_to_get_it(world: World) -> None:
    run = await world.says("x", model="missing")
    assert run.error is not None
    assert (run.error.code, run.error.hint) == ("invalid_request", "Run `ollama pull missing`.")
    assert "\x1b" not in run.error.message


async def test_a_program_that_finds_no_server_either_says_what_to_start(world: World) -> None:
    run = await world.says("x", model="deaf")
    assert run.error is not None
    assert (run.error.code, run.error.hint) == ("not_installed", "Start it with `ollama serve`.")


async def test_check_says_who_is_asked(world: World) -> None:
    async with world.engine() as engine:
        probe = await engine.prober.check(world.env)
    found = probe.located["ollama"]
    assert found.fault is None
    assert "nobody answers at 127.0.0.1:1; `ollama run` is asked instead" in found.login.how


async def test_a_profiles_address_has_no_stand_in(world: World) -> None:
    """Somebody else's server is not this machine's program."""
    (call,) = Ollama().prepare(request(settings={"base_url": "http://127.0.0.1:1"})).files
    assert b'"stand_in": ""' in call.content


def test_only_absolute_folders_hold_programs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.bin)
    assert find("ollama", ".:") == ""
    assert find("ollama", f".:{world.bin}") == str(world.program)
