"""`muxctl profile`: needs no daemon, and names what there is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = "from muxclients.entry import muxctl; raise SystemExit(muxctl())"
PROFILES = """
active_profile = "budget"
[profiles.budget]
description = "cheap ones"
[profiles.budget.providers.codex]
model = "small"
base_url = "http://127.0.0.1:1/v1"
api_key_env = "CHEAP_KEY"
[profiles.work.providers.claude]
model = "large"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "profiles.toml").write_text(PROFILES)
    return tmp_path


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.defpath, "MODELMUX_HOME": str(home), "LANG": "C.UTF-8", "HOME": str(home)}
    argv = [sys.executable, "-c", CODE, "profile", *words]
    return subprocess.run(argv, cwd=home, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=50)


def test_the_list_marks_the_active_one(home: Path) -> None:
    shown = run(home).stdout.splitlines()
    assert [line[:8].rstrip() for line in shown] == ["* budget", "  work"]
    told = json.loads(run(home, "--json").stdout)
    assert told["active"] == "budget"
    assert told["profiles"]["budget"] == {"description": "cheap ones", "providers": ["codex"]}


def test_one_is_shown_whole_and_without_a_key(home: Path) -> None:
    assert "model = small  base_url = http://127.0.0.1:1/v1  api_key_env = CHEAP_KEY" in run(home, "budget").stdout
    told = json.loads(run(home, "work", "--json").stdout)
    assert told["providers"]["claude"]["model"] == "large"


def test_an_unknown_one_gets_the_nearest(home: Path) -> None:
    refused = run(home, "budgte")
    assert (refused.returncode, "Did you mean 'budget'?" in refused.stderr) == (2, True)
    assert not (home / "state").exists()


def test_broken_settings_are_told(home: Path) -> None:
    (home / "config" / "profiles.toml").write_text("[profile]\n")
    refused = run(home)
    assert (refused.returncode, "Did you mean 'profiles'" in refused.stderr) == (2, True)
