"""`muxctl check` from end to end: the caller's PATH, HOME and variables reach a daemon that was started elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CODE = "from muxclients.entry import muxctl; raise SystemExit(muxctl())"


class Shell:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.env = {
            "MODELMUX_HOME": str(root / "mux"),
            "HOME": str(root),
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
        }

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-c", CODE, *words]
        return subprocess.run(
            argv, cwd=self.root, env={**self.env, **env}, capture_output=True, encoding="utf-8", timeout=50, check=False
        )

    def check(self, **env: str) -> tuple[int, dict[str, dict[str, object]]]:
        done = self.run("check", "--json", **env)
        return done.returncode, json.loads(done.stdout)["providers"]

    def put(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path)
    yield shell
    shell.run("daemon", "stop", "--kill")


def test_each_caller_is_answered_for_its_own_shell(shell: Shell) -> None:
    empty = shell.put("empty/readme", "").parent
    code, providers = shell.check(PATH=str(empty))
    assert code == 4
    assert [one["available"] for one in providers.values()] == [False] * len(providers)

    program = shell.put("bin/codex", "#!/bin/sh\n", 0o755)
    here = {"PATH": str(program.parent)}
    code, providers = shell.check(**here)
    assert (code, providers["codex"]["path"], providers["codex"]["login"]) == (4, str(program), "no")

    code, providers = shell.check(**here, CODEX_API_KEY="sk-nobody")
    assert (code, providers["codex"]["available"]) == (0, True)

    shell.put("elsewhere/auth.json", '{"OPENAI_API_KEY": "sk-nobody"}')
    code, providers = shell.check(**here, CODEX_HOME=str(shell.root / "elsewhere"))
    assert (code, providers["codex"]["login_how"]) == (0, "$CODEX_HOME/auth.json holds an API key.")

    shell.put("elsewhere/config.toml", 'model_provider = "m"\n[model_providers.m]\nenv_key = "STRANGE_KEY"\n')
    code, providers = shell.check(**here, CODEX_HOME=str(shell.root / "elsewhere"), STRANGE_KEY="sk-nobody")
    assert code == 0
    assert "STRANGE_KEY is set" in str(providers["codex"]["login_how"])

    kept = [path for path in (shell.root / "mux").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"sk-nobody" in path.read_bytes()]


def test_text_names_what_is_wrong_with_the_settings(shell: Shell) -> None:
    shell.put("mux/config/profiles.toml", "[limit]\n")
    done = shell.run("check", PATH=str(shell.root))
    assert "there is no key \"limit\" at the top level. Did you mean 'limits'?" in done.stdout
    assert done.returncode == 4


def test_the_doctor_looks_closer(shell: Shell) -> None:
    program = shell.put("bin/codex", "#!/bin/sh\n", 0o755)
    done = shell.run("doctor", PATH=str(program.parent), CODEX_API_KEY="sk-nobody")
    assert done.returncode == 0
    assert "sandbox   read-only: kernel · write: kernel · full: permission" in done.stdout
    assert "last runs none yet" in done.stdout
    same = json.loads(shell.run("check", "--diagnose", "--json", PATH=str(program.parent)).stdout)
    assert same["providers"]["codex"]["diagnosis"]["sandboxes"]["write"] == "kernel"


def test_an_agent_that_asks_is_told_that_it_is_left_out(shell: Shell) -> None:
    said = shell.run("check", CLAUDECODE="1").stdout
    assert "called by claude, left out of auto: CLAUDECODE is set in its environment" in said
    caller = json.loads(shell.run("check", "--json", CODEX_CI="1").stdout)["caller"]
    assert caller == {
        "provider": "codex",
        "method": "environment",
        "text": "CODEX_CI is set in its environment",
        "excluded": True,
    }
