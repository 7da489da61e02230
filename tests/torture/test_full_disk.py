"""A disk that fills up: what was accepted is safe, new work is refused by name, and all goes on when there is room."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from torture.world import World, until, world

pytestmark = [pytest.mark.torture, pytest.mark.timeout(180)]

SIZE = 16 * 1024 * 1024


@contextmanager
def small_disk(folder: Path) -> Generator[None]:
    """A tmpfs there, where this user may mount one."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
def test_full() -> None:
    with world(pause='while [ ! -e "$HOME/go" ]; do sleep 0.05; done') as here:
        state = Path(here.folder, "mux/state")
        with small_disk(state):
            try:
                _fill_and_free(here, state)
            finally:
                here.muxctl("daemon", "stop", "--kill")


def _fill_and_free(here: World, state: Path) -> None:
    for number in range(6):
        here.insist(f"early-{number}", "--timeout", "120")
    until(lambda: len(here.journal()[0]) >= 2, "agents that run")
    ballast = state / "ballast"
    _fill(ballast)
    refused = here.muxctl("dispatch", "--json", "--background", "-p", "codex", "--", "x" * 100_000)
    said = json.loads(refused.stdout)
    assert (refused.returncode, said["error"]["code"]) == (1, "storage")
    assert "disk" in said["error"]["message"]
    assert said["error"]["hint"]
    Path(here.home, "go").touch()
    until(lambda: len(here.journal()[1]) >= 2, "agents that end on a full disk")
    ballast.unlink()
    assert set(here.ended()) == {"success"}
    here.insist("late")
    here.ended()
    here.check_record()
    here.check_nothing_is_left()
    print(f"full disk: {len(here.accepted)} tasks, none lost")


def _fill(ballast: Path) -> None:
    with open(ballast, "wb") as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    os.write(file.fileno(), b"\0" * size)
            except OSError:
                continue
