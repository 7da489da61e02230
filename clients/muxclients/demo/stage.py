"""The private world of a demo: a folder with its own HOME, state and PATH, and nothing of it left afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from typing import cast

import psutil

import muxclients

AGENTS = {
    "codex": ("@openai/codex", "0.169.0"),
    "claude": ("@anthropic-ai/claude-code", "2.1.197"),
    "gemini": ("@google/gemini-cli", "0.61.0"),
}
"""Program -> the npm package and the version whose formats its script speaks."""

KEYS = ("OPENAI_API_KEY", "CODEX_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")
MUXCTL = "import sys; from muxclients.entry import muxctl; sys.exit(muxctl())"
STEP_TIMEOUT = 60.0
"""Seconds one command may take; each takes about one."""


class Stage:
    """A folder that is a whole machine to everything started in it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.home = f"{folder}/home"
        self.project = f"{folder}/project"
        # Not a copy of ours: the caller's login, keys, service manager and configuration must not be seen in here.
        self.env = {
            "PATH": os.pathsep.join([f"{folder}/bin", os.defpath]),
            "HOME": self.home,
            "MODELMUX_HOME": f"{folder}/mux",
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            **dict.fromkeys(KEYS, "no-key-this-is-a-demo"),
        }
        for path in (self.home, self.project, f"{folder}/bin"):
            os.makedirs(path, mode=0o700)
        for name in AGENTS:
            self._install(name)

    def _install(self, name: str) -> None:
        """A program laid out as npm lays it out, so that its version is found as the real one's is."""
        npm, version = AGENTS[name]
        package = f"{self.folder}/lib/node_modules/{npm}"
        os.makedirs(f"{package}/bin")
        with open(f"{package}/package.json", "w", encoding="utf-8") as out:
            json.dump({"name": npm, "version": version, "bin": {name: f"bin/{name}.js"}}, out)
        sources = shlex.quote(os.path.dirname(os.path.dirname(os.path.abspath(muxclients.__file__))))
        python = shlex.quote(sys.executable)
        with open(f"{package}/bin/{name}.js", "w", encoding="utf-8") as out:
            out.write(f'#!/bin/sh\nPYTHONPATH={sources} exec {python} -m muxclients.demo.{name} "$@"\n')
        os.chmod(out.name, 0o700)
        os.symlink(out.name, f"{self.folder}/bin/{name}")

    def limit(self, name: str) -> None:
        """From now on this agent answers that it is rate-limited."""
        os.makedirs(f"{self.home}/.scripted", exist_ok=True)
        with open(f"{self.home}/.scripted/{name}-limited", "w", encoding="utf-8"):
            pass

    def muxctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command in here, as anybody would."""
        return subprocess.run(
            [sys.executable, "-c", MUXCTL, *words],
            cwd=self.project,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=STEP_TIMEOUT,
            check=False,
        )

    def strike(self) -> None:
        """End the daemon and whatever still runs in here, then remove the folder."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.muxctl("daemon", "stop", "--kill")
        for process in self._survivors():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _survivors(self) -> list[psutil.Process]:
        """Processes that were started in here, by the HOME they were given."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter(["environ"]):
            environ = cast("dict[str, str] | None", process.info["environ"])
            if environ and environ.get("HOME") == self.home:
                found.append(process)
        return found


@contextlib.contextmanager
def stage() -> Generator[Stage]:
    """A stage that is gone afterwards, also on ^C, a hang-up, a plain kill or an error."""
    previous = {number: signal.signal(number, signal.default_int_handler) for number in _endings()}
    here = Stage(tempfile.mkdtemp(prefix="modelmux-demo-"))
    try:
        yield here
    finally:
        for number in previous:  # a second ^C must not leave half of it behind; striking is bounded
            signal.signal(number, signal.SIG_IGN)
        here.strike()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _endings() -> list[int]:
    return [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
