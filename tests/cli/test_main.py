"""The command line as a whole: help, unknown words, errors as text and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from cli_stage import Daemon, daemon, environment, muxctl, script
from muxclients.cli.main import muxctl as tree
from muxclients.cli.names import ALSO, COMMANDS

TOP = """\
Gives a coding task to an AI agent CLI and never loses it.

  muxctl dispatch "fix the failing test" --sandbox write
  git diff | muxctl dispatch -p claude --json

Usage: muxctl COMMAND [OPTIONS] [ARGS]    -h, --help explains each; --json goes with every one

Tasks:
  dispatch     Send one task to one agent.
  broadcast    Send one task to several agents at once.
  collaborate  Have several agents work on one task in turns.
  workflow     Do a task in the steps of a workflow.
  status       Show what runs, what waits and why; -w follows.
  show         Show everything about one run.
  wait         Wait for runs to end.
  cancel       Cancel runs and end their process trees.

Set-up:
  demo         Show it all with scripted agents; no model is called.
  check        Show which providers can be used and what the others lack.
  init         Set up what is here: agents, service, MCP server.
  config       Show, explain and check the settings.
  daemon       Start, stop and look at the daemon.
Also: """


@pytest.fixture(scope="module")
def stage() -> Iterator[Daemon]:
    with daemon() as running:
        yield running


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)], ids=" ".join)
def test_the_top_help_fits_one_screen(stage: Daemon, words: tuple[str, ...]) -> None:
    done = muxctl(stage, *words)
    assert (done.returncode, done.stderr) == (0, b"")
    top, also = done.stdout.decode()[: len(TOP)], done.stdout.decode()[len(TOP) :]
    assert top == TOP
    assert " ".join(also.split()).split(", ") == sorted(name for name in COMMANDS if COMMANDS[name].section == ALSO)
    lines = done.stdout.decode().splitlines()
    assert len(lines) <= 28
    assert max(map(len, lines)) <= 100


def test_the_top_help_loads_no_command(stage: Daemon) -> None:
    code = "import sys; from muxclients.cli.main import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(stage), capture_output=True, check=True)
    loaded = done.stderr.decode().split()
    ours = {name for name in loaded if name.startswith("muxclients.cli.")}
    assert ours == {"muxclients.cli.main", "muxclients.cli.names", "muxclients.cli.failure"}
    assert not {"msgspec", "json", "socket"} & set(loaded)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says_and_explains_itself(stage: Daemon, name: str) -> None:
    done = muxctl(stage, name, "--help")
    assert (done.returncode, done.stderr) == (0, b"")
    command = tree.get_command(click.Context(tree), name)
    assert command is not None
    assert command.name == name
    leaves = command.commands.values() if isinstance(command, click.Group) else [command]
    for leaf in leaves:
        assert any("--json" in parameter.opts for parameter in leaf.params), leaf.name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dipatch",), "Did you mean 'dispatch'?"),
        (("--nope",), "--nope"),
        (("status", "--limt", "3"), "--limit"),
        (("show",), "RUN"),
        (("dispatch", "-r", "9", "x"), "1<=x<=5"),
        (("dispatch", "--sandbox", "all", "x"), "read-only"),
        (("dispatch", ""), "The task is empty"),
        (("dispatch", "--wait", "inf", "x"), "inf"),
        (("dispatch", "--timeout", "9" * 20, "x"), "not a number that can be counted"),
        (("clean", "outptus", "--yes"), "'outputs', 'events', 'runs'"),
        (("logs",), "--daemon"),
        (("history", "--trend", "week"), "is not one of 'hour', 'day'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_exit_2_in_words_and_in_json(stage: Daemon, words: tuple[str, ...], said: str) -> None:
    text = muxctl(stage, *words)
    assert (text.returncode, text.stdout) == (2, b"")
    assert said in text.stderr.decode()
    assert text.stderr.startswith(b"error: ")
    assert "\n  → muxctl" in text.stderr.decode()
    machine = muxctl(stage, *words, "--json")
    assert (machine.returncode, machine.stderr) == (2, b"")
    fault = json.loads(machine.stdout)["error"]
    assert fault["code"] == "usage"
    assert said in fault["message"]


def test_the_exit_codes_are_told(stage: Daemon) -> None:
    told = json.loads(muxctl(stage, "help", "exit-codes", "--json").stdout)
    assert list(told) == ["0", "1", "2", "3", "4", "5", "6", "124", "130"]
    assert b"124" in muxctl(stage, "help", "exit-codes").stdout


def test_help_explains_commands_as_they_do_themselves(stage: Daemon) -> None:
    assert muxctl(stage, "help", "dispatch").stdout == muxctl(stage, "dispatch", "--help").stdout
    assert muxctl(stage, "help", "nothing").returncode == 2


def test_modelmux_is_the_same_program_and_bare_the_server_of_an_ide(stage: Daemon) -> None:
    env = environment(stage)
    bare = subprocess.run([script("modelmux")], env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=40)
    assert (bare.returncode, bare.stdout, bare.stderr) == (0, b"", b"")  # an IDE that leaves at once
    same = subprocess.run([script("modelmux"), "version"], env=env, capture_output=True, timeout=40)
    assert same.stdout == muxctl(stage, "version").stdout


def test_logs_flow_from_the_daemon_and_from_its_file(stage: Daemon) -> None:
    run = muxctl(stage, "logs", "01kak3")
    assert "well 修 🎉".encode() in run.stdout
    lines = [json.loads(line) for line in muxctl(stage, "logs", "01kak3", "--json").stdout.splitlines()]
    assert [line["type"] for line in lines] == ["state", "text"]
    with open(stage.places.log, "w") as log:
        log.write("one\ntwo\n")
    assert muxctl(stage, "logs", "--daemon").stdout == b"one\ntwo\n"
    assert json.loads(muxctl(stage, "logs", "--daemon", "--json").stdout.splitlines()[1])["text"] == "two"


def test_a_version_needs_no_daemon(stage: Daemon) -> None:
    nowhere = {"MODELMUX_HOME": environment(stage)["MODELMUX_HOME"] + "/none"}
    done = muxctl(stage, "version", env=nowhere)
    assert (done.returncode, done.stdout) == (0, b"modelmux 0.1.0 (no daemon runs)\n")
    assert json.loads(muxctl(stage, "version", "--json", env=nowhere).stdout)["pid"] is None
    assert muxctl(stage, "--version", env=nowhere).stdout == done.stdout


@pytest.mark.parametrize("group", ["config", "daemon", "service"])
def test_a_bare_group_prints_its_help_and_is_no_command(stage: Daemon, group: str) -> None:
    done = muxctl(stage, group)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(f"Usage: muxctl {group} ".encode())
