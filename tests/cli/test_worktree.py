"""`muxctl diff`, `apply`, `discard` and `trust` as a user meets them, and an agent that tries them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine.repository import ENV, Repository

CODE = "from muxclients.entry import muxctl; raise SystemExit(muxctl())"
AGENT = f"""#!/bin/sh
muxctl() {{ {sys.executable} -c '{CODE}' "$@"; }}
echo '{{"type":"thread.started","thread_id":"0193c9a8-0000-7000-8000-000000000001"}}'
eval "$(cat)" >&2
echo '{{"type":"item.completed","item":{{"id":"item_0","type":"agent_message","text":"done"}}}}'
echo '{{"type":"turn.completed","usage":{{"input_tokens":1,"cached_input_tokens":0,"output_tokens":1}}}}'
"""


class Shell:
    """A home with one agent, which does what its task says in a shell, and a repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin" / "codex").write_text(AGENT)
        (folder / "bin" / "codex").chmod(0o755)
        (folder / "project").mkdir()
        self.repository = Repository(folder / "project")

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        env = {
            **ENV,
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "MODELMUX_HOME": str(self.folder / "mux"),
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "CODEX_API_KEY": "none",
        }
        argv = [sys.executable, "-c", CODE, *words]
        return subprocess.run(
            argv, cwd=self.repository.top, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=50
        )

    def isolated(self, script: str) -> dict[str, object]:
        done = self.run("dispatch", "-p", "codex", "--sandbox", "write", "--worktree", "--json", script)
        result: dict[str, object] = json.loads(done.stdout)
        assert (done.returncode, result["status"]) == (0, "success"), done
        return result


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    here = Shell(tmp_path_factory.mktemp("w"))
    yield here
    here.run("daemon", "stop", "--kill")


def test_a_patch_in_a_pipe_is_one_that_git_takes(shell: Shell) -> None:
    run = str(shell.isolated("printf '\\377\\n' >bytes; echo 4 >>a.txt")["run_id"])
    patch = shell.run("diff", run[:12])
    assert (patch.returncode, patch.stderr) == (0, b"")
    checked = subprocess.run(
        ["git", "apply", "--check", "-"], cwd=shell.repository.top, input=patch.stdout, check=False
    )
    assert checked.returncode == 0
    told = json.loads(shell.run("diff", run, "--json").stdout)
    assert (told["changes"], told["exact"]) == ({"files": 2, "added": 2, "deleted": 0}, False)
    discarded = shell.run("discard", run)
    assert (discarded.returncode, discarded.stdout) == (0, b"Thrown away: 2 files changed, +2 -0.\n")
    again = shell.run("diff", run)
    assert (again.returncode, b"is gone: applied, discarded" in again.stderr) == (2, True)


def test_applied_changes_are_in_the_checkout(shell: Shell) -> None:
    run = str(shell.isolated("echo 4 >>a.txt")["run_id"])
    assert b"+1 -0. Nothing is committed." in shell.run("apply", run).stdout
    assert shell.repository.git("status", "--porcelain") == " M a.txt\n"
    shell.repository.git("checkout", "--quiet", "a.txt")


def test_a_run_without_one_says_so(shell: Shell) -> None:
    plain = json.loads(shell.run("dispatch", "-p", "codex", "--json", "true").stdout)
    for verb in ("diff", "apply", "discard"):
        refused = shell.run(verb, plain["run_id"])
        assert (refused.returncode, b"had no worktree" in refused.stderr) == (2, True)


def test_an_agent_can_neither_apply_nor_discard_nor_trust(shell: Shell) -> None:
    settings = shell.repository.write(".modelmux/profiles.toml", "[worktree]\ncopy = []\n")
    kept, told = str(shell.isolated("echo 4 >>a.txt")["run_id"]), shell.folder / "told"
    tries = "; ".join(
        f"muxctl {words}" for words in (f"apply {kept}", f"discard {kept}", f"trust {settings.parent.parent}")
    )
    shell.isolated(f"({tries}; muxctl diff {kept} | wc -l) >{told} 2>&1")
    assert told.read_text().count("is for people, and it is the agent of") == 3
    assert shell.repository.git("status", "--porcelain") == "?? .modelmux/\n"
    assert b"No project is trusted." in shell.run("trust", "--list").stdout
    assert shell.run("discard", kept).returncode == 0
    settings.unlink()


def test_trust_is_given_listed_and_taken_back(shell: Shell) -> None:
    settings = shell.repository.write(".modelmux/profiles.toml", '[verify]\ncommand = ["grep", "-q", "4", "a.txt"]\n')
    refused = shell.run("dispatch", "-p", "codex", "--worktree", "true")
    assert (refused.returncode, b"muxctl trust" in refused.stderr) == (2, True)
    assert b"  trusted\n" in shell.run("trust").stdout
    good = shell.run("dispatch", "-p", "codex", "--worktree", "--sandbox", "write", "echo 4 >>a.txt")
    bad = shell.run("dispatch", "-p", "codex", "--worktree", "--sandbox", "write", "--json", "echo 5 >>a.txt")
    assert (good.returncode, bad.returncode, json.loads(bad.stdout)["error"]["code"]) == (0, 1, "verify")
    settings.write_text('[verify]\ncommand = ["true"]\n')
    assert b"changed since" in shell.run("trust", "--list").stdout
    assert shell.run("trust", "--remove").returncode == 0
    assert shell.run("trust", "--remove").returncode == 2
    settings.unlink()
