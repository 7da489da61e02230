"""`muxctl config` as a person or a script runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


class Shell:
    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.here = root / "project"
        (self.home / "config").mkdir(parents=True)
        (self.here / ".modelmux").mkdir(parents=True)
        self.user = self.home / "config" / "profiles.toml"
        self.project = self.here / ".modelmux" / "profiles.toml"

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """In a process of its own, with nothing of our environment."""
        base = {"PATH": os.environ["PATH"], "MODELMUX_HOME": str(self.home), "LANG": "C.UTF-8"}
        code = "from muxclients.entry import muxctl; raise SystemExit(muxctl())"
        argv = [sys.executable, "-c", code, "config", *words]
        return subprocess.run(
            argv, cwd=self.here, env={**base, **env}, capture_output=True, text=True, encoding="utf-8", timeout=50
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_path_names_the_files_in_order(shell: Shell) -> None:
    shell.user.touch()
    done = shell.run("path")
    assert done.stdout.splitlines() == [
        f"user     {shell.user}",
        f"project  {shell.project}  (not there)",
        f"policy   {shell.home}/config/policy.json  (not there)",
    ]
    files = json.loads(shell.run("path", "--json").stdout)["files"]
    assert [(file["kind"], file["exists"]) for file in files] == [("user", True), ("project", False), ("policy", False)]
    assert not (shell.home / "run").exists()  # no daemon was started


def test_show_tells_where_each_value_comes_from(shell: Shell) -> None:
    shell.user.write_text(
        '[limits]\nrunning = 3\n[a2a_agents.far]\nurl = "http://far"\ntoken = "tok-secret"\n'
        '[profiles.p.providers.codex.extra_env]\nA = "val-secret"\n'
    )
    shell.project.write_text('disabled_providers = ["claude"]\n')
    done = shell.run("show", "--origins", MODELMUX_PROFILE="p")
    lines = {line.split("  # ")[0].strip(): line.split("  # ")[1] for line in done.stdout.splitlines()}
    assert lines["limits.running = 3"] == f"{shell.user}:2"
    assert lines['disabled_providers = ["claude"]'] == f"{shell.project}:1"
    assert lines['active_profile = "p"'] == "$MODELMUX_PROFILE"
    assert lines["daemon.idle_exit = 30"] == "default"
    assert lines['a2a_agents.far.token = "(hidden)"'] == f"{shell.user}:5"
    assert "-secret" not in done.stdout
    assert done.returncode == 0
    told = json.loads(shell.run("show", "--origins", "--json").stdout)
    assert told["settings"]["limits"]["running"] == 3
    assert told["origins"]["limits.running"] == f"{shell.user}:2"
    assert told["faults"] == []
    assert "origins" not in json.loads(shell.run("show", "--json").stdout)


def test_check_tells_everything_and_exits_2(shell: Shell) -> None:
    shell.user.write_text('[routing]\ncaller_override = "codex"\nrule = 1\n[limits]\nrunning = 0\n')
    shell.project.write_text('[providers.evil]\ncommand = "x"\n')
    done = shell.run("check")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("error: ") == 3
    assert done.stderr.count("warning: ") == 1
    assert f"{shell.user}:3: there is no key \"rule\" in routing. Did you mean 'rules'?" in done.stderr
    assert f"Read the file, then `muxctl trust {shell.here}`." in done.stderr
    told = json.loads(shell.run("check", "--json").stdout)
    assert (told["valid"], len(told["faults"]), len(told["warnings"])) == (False, 3, 1)
    assert told["faults"][0]["code"] == "config"


def test_check_of_a_file(shell: Shell) -> None:
    (shell.here / "new.toml").write_text("x = \n")
    done = shell.run("check", "new.toml")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {shell.here}/new.toml:1:5: Invalid value.")
    (shell.here / "new.toml").write_text('active_profile = "default"\n')
    done = shell.run("check", "new.toml")
    assert (done.returncode, done.stdout) == (0, f"Valid: {shell.here}/new.toml.\n")


def test_check_of_a_file_that_is_not_there(shell: Shell) -> None:
    done = shell.run("check", "nosuch.toml")
    assert done.returncode == 2
    assert "nosuch.toml" in done.stderr


def test_check_of_nothing_is_valid(shell: Shell) -> None:
    assert shell.run("check").stdout == "Valid: there is no file; the defaults hold.\n"


def test_nothing_that_a_project_says_moves_the_cursor(shell: Shell) -> None:
    shell.project.write_text('"\\u001b[2J" = 1\n[profiles."\\u202e"]\ndescription = "\\u009b2J"\n')
    done = shell.run("show")
    assert not [letter for letter in done.stdout + done.stderr if letter in "\x1b\x9b\u202e"]
    assert done.returncode == 2
