"""Providers of the user's own: commands and servers that profiles.toml names."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from engine.stage import Stage, ended, until
from fake_model_api import FakeModelAPI
from muxwire.faults import FaultError

pytestmark = pytest.mark.anyio

ECHO = """#!{python} -SE
import json, os, sys
said = {{"argv": sys.argv[1:], "stdin": sys.stdin.read()}}
print(json.dumps({{**said, "key": os.environ.get("MINE_KEY"), "cwd": os.getcwd()}}))
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def define(stage: Stage, text: str) -> None:
    profiles = Path(stage.here.profiles)
    profiles.parent.mkdir(parents=True, exist_ok=True)
    profiles.write_text(text)


def program(stage: Stage, text: str, name: str = "mine") -> None:
    path = stage.bin / name
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)


async def test_words_are_put_in_once_and_never_looked_at_again(stage: Stage) -> None:
    program(stage, ECHO)
    define(stage, '[providers.mine]\ncommand = "mine"\nargs = ["--in={workdir}", "{model}", "--", "{task}"]\n')
    async with stage.engine() as engine:
        run = await stage.run(engine, "-x {model} {workdir} $(id) `id`", provider="mine/m-1")
    assert run.status == "success"
    said = json.loads(run.output)
    assert said["argv"] == [f"--in={stage.workdir}", "m-1", "--", "-x {model} {workdir} $(id) `id`"]
    assert (said["stdin"], said["cwd"], run.sandbox_enforced) == ("", str(stage.workdir), "none")


async def test_a_task_that_looks_like_an_option_is_refused(stage: Stage) -> None:
    program(stage, ECHO)
    define(stage, '[providers.mine]\ncommand = "mine"\n')
    async with stage.engine() as engine:
        bad = await stage.run(engine, "--help", provider="mine")
        good = await stage.run(engine, "help", provider="mine")
    assert bad.error is not None
    assert "for an option" in bad.error.message
    assert good.status == "success"


async def test_without_a_place_for_it_the_task_goes_to_stdin(stage: Stage) -> None:
    program(stage, ECHO)
    define(stage, '[providers.mine]\ncommand = "mine"\nargs = ["run"]\nenv = ["MINE_KEY"]\n')
    async with stage.engine() as engine:
        run = await stage.run(engine, "--do it", provider="mine", secrets={"MINE_KEY": "k", "OTHER": "o"})
        without = await stage.run(engine, "x", provider="mine")
        for more in ({"model": "m"}, {"session_id": "s"}):
            refused = await stage.run(engine, "x", provider="mine", secrets={"MINE_KEY": "k"}, **more)
            assert refused.error is not None
            assert "no argument of it holds" in refused.error.message
    assert '"stdin": "--do it", "key": "k"' in run.output
    assert without.error is not None
    assert "MINE_KEY is not set" in without.error.message


async def test_json_lines_are_understood(stage: Stage) -> None:
    lines = ['{"session_id":"s-9"}', "noise", '{"text":"one "}', '{"text":"two"}']
    lines.append('{"usage":{"input_tokens":5,"output_tokens":2}}')
    program(
        stage,
        "#!/bin/sh\ncat >/dev/null\n"
        + "".join(f"echo '{line}'\n" for line in lines).replace("{", "{{").replace("}", "}}"),
    )
    define(stage, '[providers.mine]\ncommand = "mine"\nargs = []\noutput = "jsonl"\n')
    async with stage.engine() as engine:
        run = await stage.run(engine, "x", provider="mine")
    assert (run.output, run.session_id) == ("one two", "s-9")
    assert run.token_usage is not None
    assert run.token_usage.total_tokens == 7


@pytest.mark.parametrize(
    ("script", "code"),
    [("echo half; exit 3", "crashed"), ("echo too many requests >&2; exit 1", "rate_limit"), ("kill -9 $$", "crashed")],
)
async def test_a_failure_is_one(stage: Stage, script: str, code: str) -> None:
    program(stage, f"#!/bin/sh\ncat >/dev/null\n{script}\n")
    define(stage, '[providers.mine]\ncommand = "mine"\nargs = []\n')
    async with stage.engine() as engine:
        task = await stage.accept(engine, "x", provider="mine", deadline=5.0)
        run = await ended(engine, task)
    assert run.error is not None
    assert (run.status, run.error.code) == ("error", code)


async def test_what_enforces_nothing_is_refused_where_that_is_asked_for(stage: Stage) -> None:
    program(stage, ECHO)
    define(stage, 'strict_sandbox = true\n[providers.mine]\ncommand = "mine"\n')
    async with stage.engine() as engine:
        run = await stage.run(engine, "x", provider="mine")
    assert run.error is not None
    assert (run.error.code, "strict_sandbox" in run.error.message) == ("sandbox_denied", True)


async def test_nobody_is_sent_there_who_did_not_say_so(stage: Stage) -> None:
    program(stage, ECHO)
    define(stage, '[providers.mine]\ncommand = "mine"\n')
    async with stage.engine() as engine:
        auto = await stage.run(engine, "exit 1", provider="auto", failover=True)
        with pytest.raises(FaultError, match="Did you mean 'mine'"):
            await stage.run(engine, "x", provider="min")
    assert (auto.status, auto.provider) == ("error", "codex")
    define(stage, '[routing]\ndefault_provider = "mine"\n[providers.mine]\ncommand = "mine"\n')
    async with stage.engine() as engine:
        assert (await stage.run(engine, "x", provider="auto")).provider == "mine"


async def test_it_is_taken_up_again_and_not_without_its_settings(stage: Stage) -> None:
    go, begun = stage.root / "go", stage.root / "begun"
    program(stage, f"#!/bin/sh\ncat >/dev/null\ntouch {begun}\nwhile [ ! -e {go} ]; do sleep 0.02; done\necho done\n")
    define(stage, '[providers.mine]\ncommand = "mine"\nargs = []\n')
    for kept in (True, False):
        async with stage.engine() as engine:
            task = await stage.accept(engine, "x", provider="mine", sandbox="write")
            await until(begun)
        begun.unlink()
        if kept:
            go.touch()
        else:
            define(stage, "")
        async with stage.engine() as engine:
            run = await ended(engine, task)
        go.unlink(missing_ok=True)
        assert run.status == ("success" if kept else "lost")


async def test_any_compatible_server_by_its_address(stage: Stage) -> None:
    with FakeModelAPI(api_key="right") as api:
        server = f'[providers.lab]\nbase_url = "{api.url}/v1"\napi_key_env = "LAB_KEY"\nmodel = "m-2"\n'
        define(stage, server)
        async with stage.engine() as engine:
            more: dict[str, Any] = {"provider": "lab"}
            right = await stage.run(engine, "x [[reply:from the lab]]", secrets={"LAB_KEY": "right"}, **more)
            wrong = await stage.run(engine, "x", secrets={"LAB_KEY": "wrong"}, **more)
    assert (right.status, right.output, right.model) == ("success", "from the lab", "m-2")
    assert wrong.error is not None
    assert wrong.error.code == "auth"


@pytest.mark.parametrize(
    "text",
    [
        'command = "x"\nbase_url = "http://y"',
        "args = []",
        'command = "x"\nmodel = "m"',
        'command = "x"\noutput = "xml"',
    ],
)
async def test_a_definition_that_makes_no_sense_is_refused(stage: Stage, text: str) -> None:
    define(stage, f"[providers.mine]\n{text}\n")
    async with stage.engine() as engine:
        with pytest.raises(FaultError, match=r"providers\.mine"):
            await stage.run(engine, "x")
