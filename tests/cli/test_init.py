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
        terminal.until(b"warn = 0.8")
        terminal.until(b"Give Cursor the MCP server? [Y/n] ")
        os.write(terminal.master, b"n")
        code, shown, _ = terminal.end()
    assert code == 0
    assert "muxctl dispatch" in shown.decode()
    assert not (home / ".cursor/mcp.json").exists()
    loaded = load(stage.places, env={})
    assert loaded.faults + loaded.warnings == ()
    settings = loaded.settings
    assert (settings.routing.default_provider, settings.budgets.day) == ("claude", 5.0)
    assert [(one.provider, one.match.keywords) for one in settings.routing.rules] == [
        ("claude", ("security", "architecture", "review"))
    ]


def test_who_stops_leaves_all_as_it_was(stage: Daemon, home: Path) -> None:
    with on_terminal(stage, "init", HOME=str(home)) as terminal:
        terminal.until(b"  claude")
        os.write(terminal.master, b"\x03")
        code, _, _ = terminal.end()
    assert code == 130
    assert not Path(stage.places.profiles).exists()
