"""`muxctl init`: by arrow keys at a terminal, and without anybody there."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_stage import Daemon, daemon, environment, script
from muxwire.faults import Fault
from muxwire.insight import Check, ProviderCheck
from muxwire.settings import load
from terminal import on_terminal

LACKS = ProviderCheck(
    available=False, binary="qwen", path="/bin/qwen", fault=Fault("auth", "Not logged in.", "Log in.")
)
FOUND = Check(
    version="1",
    providers={
        "codex": ProviderCheck(available=True, binary="codex", path="/bin/codex", version="0.169.0", login_how="a key"),
        "claude": ProviderCheck(available=True, binary="claude", path="/bin/claude", version="2.1.197"),
        "qwen": LACKS,
    },
    available_count=2,
    active_profile="default",
    profiles=(),
    routing_rules=0,
    age_seconds=0.0,
)


@pytest.fixture
def stage() -> Iterator[Daemon]:
    with daemon() as running:
        running.answers["check"] = FOUND
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".cursor").mkdir()
    return tmp_path


def run(stage: Daemon, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = environment(stage, HOME=str(home))
    pipe = subprocess.PIPE
    return subprocess.run([script(), "init", *words], env=env, stdin=pipe, capture_output=True, text=True, timeout=40)


def test_without_anybody_there_what_is_proposed_is_taken(stage: Daemon, home: Path) -> None:
    done = json.loads(run(stage, home, "--json").stdout)
    assert (done["usable"], done["registered"]) == (["codex", "claude"], ["cursor"])
    assert 'default_provider = "codex"' in Path(done["profiles"]).read_text()
    assert "modelmux" in (home / ".cursor/mcp.json").read_text()
    again = json.loads(run(stage, home, "--json").stdout)
    assert (again["profiles"], again["registered"]) == ("", [])
    assert any("left as it is" in notice for notice in again["notices"])


def test_answers_can_be_given_beforehand(stage: Daemon, home: Path) -> None:
    wrong = run(stage, home, "--yes", "--provider", "qwen")
    assert "There is no usable provider 'qwen'" in wrong.stderr
    done = run(stage, home, "--yes", "--provider", "claude", "--no-register")
    assert 'default_provider = "claude"' in done.stdout
    assert "✗ qwen: Not logged in. Log in." in done.stdout
    assert not (home / ".cursor/mcp.json").exists()
    assert "Say --yes" in run(stage, home).stderr


def test_arrow_keys_choose_and_letters_decide(stage: Daemon, home: Path) -> None:
    with on_terminal(stage, "init", "--no-service", HOME=str(home)) as terminal:
        terminal.until(b"  claude")
        os.write(terminal.master, b"\x1b[B")
        terminal.until("› claude".encode())
        os.write(terminal.master, b"\r")
        terminal.until("Always security, architecture, review → claude? [y/N] ".encode())
        os.write(terminal.master, b"y")
        terminal.until("→ codex? [y/N] ".encode())
        os.write(terminal.master, b"\r")
        terminal.until(b"What may a day cost")
        os.write(terminal.master, b"3")
        terminal.until("› $5".encode())
        os.write(terminal.master, b"\r")
        terminal.until(b"What may a month cost")
        os.write(terminal.master, b"\x1b[3~\x1b[B\r")  # faster than they are read, and one that says nothing
        terminal.until(b"warn = 0.8")
        terminal.until(b"Write it to ")
        assert not Path(stage.places.profiles).exists()  # nothing is written that was not shown
        os.write(terminal.master, b"y")
        terminal.until(b"Give Cursor the MCP server? [Y/n] ")
        os.write(terminal.master, b"n")
        code, shown, _ = terminal.end()
    assert code == 0
    assert "muxctl dispatch" in shown.decode()
    assert not (home / ".cursor/mcp.json").exists()
    loaded = load(stage.places, env={})
    assert loaded.faults + loaded.warnings == ()
    settings = loaded.settings
    assert (settings.routing.default_provider, settings.budgets.day, settings.budgets.month) == ("claude", 5.0, 20.0)
    assert [(one.provider, one.match.keywords) for one in settings.routing.rules] == [
        ("claude", ("security", "architecture", "review"))
    ]


MINE = """\
# my own words
[profiles.default]
description = "mine"  # kept

[routing] # and this
# nothing yet
"""


def test_what_is_there_stays_and_what_is_missing_is_added_as_shown(stage: Daemon, home: Path) -> None:
    file = Path(stage.places.profiles)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(MINE)
    done = run(stage, home, "--yes", "--rules", "--budget-month", "50", "--provider", "claude", "--no-register")
    assert (done.returncode, done.stderr) == (0, "")
    text = file.read_text()
    assert [line for line in MINE.splitlines() if line not in text.splitlines()] == []
    assert [line for line in text.splitlines() if line and f"+{line}" not in done.stdout.splitlines()] == [
        line for line in MINE.splitlines() if line
    ]
    loaded = load(stage.places, env={})
    assert loaded.faults + loaded.warnings == ()
    settings = loaded.settings
    assert (settings.routing.default_provider, len(settings.routing.rules)) == ("claude", 2)
    assert (settings.budgets.day, settings.budgets.month, settings.budgets.warn) == (None, 50.0, 0.8)
    assert file.with_name(file.name + ".modelmux-backup").read_text() == MINE
    again = run(stage, home, "--yes", "--provider", "codex", "--budget", "1", "--no-register")
    assert "has a default_provider and budgets already" in again.stdout
    assert file.read_text() == text


@pytest.mark.parametrize(
    "text", ["routing = { explore = 0.0 }\n", "[routing\n", '[routing]\nx = """\n[routing]\n"""\n', "'[routing]' = 1\n"]
)
def test_a_file_that_cannot_be_added_to_is_left_alone(stage: Daemon, home: Path, text: str) -> None:
    file = Path(stage.places.profiles)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    done = run(stage, home, "--yes", "--no-register")
    left = file.read_text() == text
    assert left == ("is left as it is" in done.stdout)
    assert left or load(stage.places, env={}).settings.routing.default_provider == "codex"
    assert done.returncode == 0


def test_who_says_no_at_the_end_has_nothing_written(stage: Daemon, home: Path) -> None:
    words = ("init", "--no-service", "--no-register", "--no-rules", "--budget", "0", "--budget-month", "0")
    with on_terminal(stage, *words, HOME=str(home)) as terminal:
        terminal.until(b"  claude")
        os.write(terminal.master, b"\r")
        terminal.until(b"Write it to ")
        os.write(terminal.master, b"n")
        code, _, _ = terminal.end()
    assert (code, Path(stage.places.profiles).exists()) == (0, False)


def test_who_stops_leaves_all_as_it_was(stage: Daemon, home: Path) -> None:
    with on_terminal(stage, "init", HOME=str(home)) as terminal:
        terminal.until(b"  claude")
        os.write(terminal.master, b"\x03")
        code, _, _ = terminal.end()
    assert code == 130
    assert not Path(stage.places.profiles).exists()
