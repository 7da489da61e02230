"""`muxctl env`: names and no secrets, and a shell that is asked again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CODE = "from muxclients.entry import muxctl; raise SystemExit(muxctl())"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    run(tmp_path, "daemon", "stop", "--kill")


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """In a world whose login shell is a script that sets what `exports` says."""
    shell = home / "shell"
    shell.write_text(f'#!/bin/sh\n. {home}/exports\nexec /bin/sh "$@"\n')
    shell.chmod(0o755)
    (home / "exports").touch()
    env = {"PATH": os.defpath, "MODELMUX_HOME": str(home), "HOME": str(home), "SHELL": str(shell), "LANG": "C.UTF-8"}
    argv = [sys.executable, "-c", CODE, *words]
    return subprocess.run(argv, cwd=home, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=50)


def test_names_are_shown_and_the_shell_is_asked_again(home: Path) -> None:
    run(home, "env")
    (home / "exports").write_text("export MINE_KEY=sk-secret-of-mine VIRTUAL_ENV=/v\n")
    before = json.loads(run(home, "env", "--json").stdout)
    assert ("MINE_KEY" in before["others"], "VIRTUAL_ENV" in before["base"]) == (False, False)
    shown = run(home, "env", "refresh")
    assert ("MINE_KEY" in shown.stdout, "VIRTUAL_ENV" in shown.stdout) == (True, True)
    assert "secret" not in shown.stdout + run(home, "env", "--json").stdout
