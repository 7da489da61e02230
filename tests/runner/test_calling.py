"""Which agent CLI a process was started by: by what it set, else by its name, never by a likeness."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from modelmuxd.runner.calling import Sign, program, sign_of

CHILD = (
    "import json, subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], env=json.loads(sys.argv[2]),"
    " stdin=0)"
)
TELL = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"


@contextmanager
def child(
    env: Mapping[str, str], *, above: Mapping[str, str] | None = None, name: str = sys.executable
) -> Iterator[int]:
    """The pid of a process with this environment, below one with that; it ends with the block."""
    argv = [name, "-c", CHILD, TELL, json.dumps(dict(env))]
    with subprocess.Popen(argv, env=dict(above or {}), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        assert process.stdin
        process.stdin.close()


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("CLAUDECODE", "claude"),
        ("CLAUDE_CODE_ENTRYPOINT", "claude"),
        ("CODEX_CI", "codex"),
        ("CODEX_THREAD_ID", "codex"),
        ("CODEX_SANDBOX", "codex"),
        ("GEMINI_CLI", "gemini"),
        ("QWEN_CODE", "qwen"),
        ("OPENCODE", "opencode"),
    ],
)
def test_a_variable_that_the_cli_sets_tells(name: str, provider: str) -> None:
    with child({name: "1"}) as pid:
        assert sign_of(pid) == Sign(provider, name, "environment")


@pytest.mark.parametrize("env", [{"CLAUDE_CODE": "1"}, {"CLAUDECODE": ""}, {"CODEX_HOME": "/x"}, {"XGEMINI_CLI": "1"}])
def test_a_likeness_does_not(env: dict[str, str]) -> None:
    with child(env) as pid:
        found = sign_of(pid)
    assert found is None or found.by == "process"  # whoever runs the tests may be one


@pytest.mark.parametrize(("outer", "inner"), [("CLAUDECODE", "GEMINI_CLI"), ("GEMINI_CLI", "CLAUDECODE")])
def test_of_two_the_nearer_one_calls(outer: str, inner: str) -> None:
    with child({outer: "1", inner: "1"}, above={outer: "1"}) as pid:
        found = sign_of(pid)
    assert found is not None
    assert found.what == inner


def test_where_the_environment_was_cleared_an_ancestors_name_tells(tmp_path: Path) -> None:
    agent = tmp_path / "codex"
    agent.symlink_to(sys.executable)
    with child({}, name=str(agent)) as pid:
        found = sign_of(pid)
    assert found is not None
    assert (found.provider, found.by) == ("codex", "process")


def test_a_name_that_only_holds_the_word_does_not(tmp_path: Path) -> None:
    agent = tmp_path / "notcodex"
    agent.symlink_to(sys.executable)
    with child({}, name=str(agent)) as pid:
        found = sign_of(pid)
    assert found is None or "codex" not in found.what


@pytest.mark.parametrize(
    ("kernel", "words", "name"),
    [
        ("claude", ["claude"], "claude"),
        ("node", ["/usr/bin/node", "--no-warnings", "/usr/local/bin/gemini", "-p", "x"], "gemini"),
        ("MainThread", ["node", "/usr/local/bin/gemini"], "gemini"),
        ("vim", ["vim", "claude"], "vim"),
        ("node", ["node"], "node"),
        ("", [], ""),
    ],
)
def test_a_script_is_known_by_its_own_name(kernel: str, words: list[str], name: str) -> None:
    assert program(kernel, words) == name


def test_what_is_gone_was_started_by_none() -> None:
    with child({"CLAUDECODE": "1"}) as pid:
        pass
    assert sign_of(pid) is None
