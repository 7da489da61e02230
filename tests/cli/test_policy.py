"""`muxctl policy`, `queue` and `why` through a real daemon; no agent is installed."""

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
    def __init__(self, home: Path) -> None:
        self.home = home
        self.policy = home / "config" / "policy.json"
        self.policy.parent.mkdir(parents=True)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.defpath, "MODELMUX_HOME": str(self.home), "LANG": "C.UTF-8", "HOME": str(self.home)}
        argv = [sys.executable, "-c", CODE, *words]
        return subprocess.run(argv, cwd=self.home, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, encoding="utf-8", timeout=50)  # fmt: skip


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    here = Shell(tmp_path_factory.mktemp("p"))
    yield here
    here.run("daemon", "stop", "--kill")


def test_what_it_would_do_is_told_and_nothing_is_sent(shell: Shell) -> None:
    shell.policy.write_text(json.dumps({"blocked_sandboxes": ["full"], "max_timeout": 60, "max_calls_per_hour": 9}))
    refused = shell.run("policy", "test", "--", "dispatch", "-p", "codex", "--sandbox", "full", "x")
    assert (refused.returncode, "blocked_sandboxes" in refused.stdout) == (3, True)
    allowed = shell.run("policy", "test", "--json", "--", "x")
    verdict = json.loads(allowed.stdout)
    assert (allowed.returncode, verdict["allowed"], verdict["timeout"]) == (0, True, 60)
    assert shell.run("policy", "test", "--", "--sandbox", "none", "x").returncode == 2
    shown = shell.run("policy", "show")
    assert "max_calls_per_hour:  9, 0 used" in shown.stdout
    assert "No runs yet" in shell.run("status").stdout


def test_a_broken_file_is_told_by_line_and_what_it_said_holds(shell: Shell) -> None:
    shell.policy.write_text('{"max_timeout": 60}')
    assert shell.run("policy", "check").returncode == 0
    shell.policy.write_text('{"max_timeuot": 1}')
    broken = shell.run("policy", "check")
    assert broken.returncode == 2
    assert "policy.json:1:2" in broken.stdout
    assert "Did you mean 'max_timeout'?" in broken.stdout
    assert "max_timeout:  60" in broken.stdout
    shell.policy.write_text('{"blocked_providers": ["codxe"]}')
    assert "nobody knows codxe" in shell.run("policy", "check").stdout


def test_a_refused_dispatch_says_why(shell: Shell) -> None:
    shell.policy.write_text('{"blocked_providers": ["codex"]}')
    done = shell.run("dispatch", "--json", "-p", "codex", "x")
    result = json.loads(done.stdout)
    assert (done.returncode, result["status"], result["error"]["code"]) == (3, "blocked", "policy")
    assert shell.run("why", result["run_id"]).returncode == 0


def test_the_queue_is_paused_and_resumed(shell: Shell) -> None:
    shell.policy.write_text("{}")
    assert "paused: codex" in shell.run("queue", "pause", "codex").stdout
    assert json.loads(shell.run("queue", "--json").stdout)["paused"][0]["provider"] == "codex"
    assert "paused" not in shell.run("queue", "resume").stdout
    typo = shell.run("queue", "pause", "codxe")
    assert (typo.returncode, "Did you mean 'codex'?" in typo.stderr) == (2, True)


def test_only_what_waits_for_input_is_answered_and_only_what_has_ended_is_retried(shell: Shell) -> None:
    done = shell.run("answer", "zzzzzzzz", "yes")
    assert (done.returncode, "There is no run" in done.stderr) == (2, True)
    done = shell.run("retry", "zzzzzzzz")
    assert (done.returncode, "There is no run" in done.stderr) == (2, True)
    done = shell.run("attach", "zzzzzzzz")
    assert (done.returncode, "There is no run" in done.stderr) == (2, True)
