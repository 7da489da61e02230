"""One live test's world: a HOME, a state folder, a project, the model API, the real `muxctl` and its real daemon."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import psutil
from fake_model_api import FakeModelAPI, Json
from live.homes import HOMES, MODELS
from muxwire.runs import RunResult, WaitResult

T = TypeVar("T")
CEILING = 90.0
"""Seconds until a condition that must come counts as never; nothing here takes a tenth of it on an idle machine."""


def cache_folder() -> Path:
    """What the checks have installed, outside the tree."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("MODELMUX_CI_CACHE") or f"{cache}/modelmux-ci")


def agents_folder() -> Path:
    """Where `.ci/agents` puts the CLIs."""
    return cache_folder() / "agents/node_modules/.bin"


def until(condition: Callable[[], T], what: str, within: float = CEILING) -> T:
    """The condition's first true value. Fails after `within` seconds."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {within:.0f} s"
        time.sleep(0.05)
    return value


class World:
    """`kind` is a key of HOMES; `folder` is short, since a socket's path lies below it."""

    def __init__(self, kind: str, folder: Path, api: FakeModelAPI, url: str = "") -> None:
        self.kind = kind
        self.provider = kind.partition("-")[0]
        self.model = MODELS.get(self.provider, "")
        self.folder, self.api = folder, api
        self.home, self.project = folder / "home", folder / "project"
        for path in (self.home, self.project):
            path.mkdir()
        node = Path(shutil.which("node") or "/usr/bin/node").parent
        self.env = {
            "PATH": os.pathsep.join([str(agents_folder()), str(node), os.defpath]),
            "HOME": str(self.home),
            "MODELMUX_HOME": str(folder / "mux"),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            **HOMES[kind](folder, url or api.url),
        }

    def muxctl(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("muxctl"), *words],
            cwd=self.project,
            env=self.env,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=CEILING * 1.5,
            check=False,
        )

    def dispatch(self, task: str, *options: str) -> tuple[RunResult, int]:
        """Send a task to this world's agent with a fixed model; the canonical result and the exit code."""
        done = self.muxctl("dispatch", "--json", "-p", self.provider, "-m", self.model, *options, stdin=task)
        assert done.stdout.count("\n") == 1, f"not one line: {done.stdout!r} {done.stderr!r}"
        return msgspec.json.decode(done.stdout, type=RunResult), done.returncode

    def wait(self, run_id: str) -> RunResult:
        done = self.muxctl("wait", "--json", run_id)
        return msgspec.json.decode(done.stdout, type=WaitResult).runs[0]

    def asked(self, text: str) -> list[Json]:
        """The model requests so far whose prompt holds `text`."""
        return [request for request in list(self.api.requests) if text in request.get("prompt", "")]

    def daemon(self) -> psutil.Process | None:
        """This world's daemon, while it runs."""
        return next((process for process in self._processes() if _is_daemon(process)), None)

    def agents(self) -> list[psutil.Process]:
        """What else runs in here: guards, agents, their tools, whatever they left behind."""
        return [process for process in self._processes() if not _is_daemon(process)]

    def _processes(self) -> list[psutil.Process]:
        """By environment or by working folder, since a tool may be started with a cleared environment."""
        found = []
        for process in psutil.process_iter(["environ", "cwd"]):
            environ, cwd = process.info["environ"] or {}, process.info["cwd"] or ""
            if cwd.startswith(str(self.folder)) or str(self.folder) in "\0".join(environ.values()):
                found.append(process)
        return found

    def close(self) -> None:
        """Stop the daemon as a user would; then nothing of this world may run."""
        self.muxctl("daemon", "stop", "--kill")
        left = until(lambda: self._names() or [""], "the processes' names")
        if left != [""]:
            until(lambda: not self._processes(), f"the end of {left}")

    def _names(self) -> list[str]:
        return [" ".join(words[:3]) for words in map(command, self._processes()) if words]


def _is_daemon(process: psutil.Process) -> bool:
    return any(word == "modelmuxd" or word.endswith("/modelmuxd") for word in command(process))


def command(process: psutil.Process) -> list[str]:
    """Its words; none of one that has just ended, a zombie included."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
