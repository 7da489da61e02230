"""Live tests run where `.ci/agents` has put the CLIs. Elsewhere they are skipped, or fail where they are required."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_model_api import FakeModelAPI
from live.world import World, agents_folder, cache_folder

MakeWorld = Callable[[str], World]
LIVE_TIMEOUT = 240
"""Seconds; the slowest of them starts Gemini twice, at 5 s of CPU each."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.timeout(LIVE_TIMEOUT))


@pytest.fixture
def api() -> Iterator[FakeModelAPI]:
    with FakeModelAPI() as server:
        yield server


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, unlike tmp_path: sockets lie in it. Not among the temporary files: Codex lets an agent write to those, and
    Gemini CLI reads no system settings below a folder that all may write to."""
    path = Path(tempfile.mkdtemp(prefix="w-", dir=cache_folder()))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def _need(program: str) -> None:
    needed(agents_folder() / program, ".ci/agents")


def needed(program: Path, installer: str) -> None:
    """Skips the test, or fails it where live tests are required, when the program is not there."""
    if program.exists():
        return
    reason = f"{program} is not installed; run {installer}"
    if os.environ.get("MODELMUX_LIVE") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def world(request: pytest.FixtureRequest, folder: Path, api: FakeModelAPI) -> Iterator[World]:
    """The world of one agent: parametrize `world` indirectly with keys of HOMES."""
    kind: str = request.param
    _need(kind.partition("-")[0])
    here = World(kind, folder, api)
    yield here
    here.close()


@pytest.fixture
def dead_world(request: pytest.FixtureRequest, folder: Path, api: FakeModelAPI) -> Iterator[World]:
    """A world whose model API refuses connections: the port is bound, so that nobody else gets it, but deaf."""
    kind: str = request.param
    _need(kind.partition("-")[0])
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        here = World(kind, folder, api, url=f"http://127.0.0.1:{deaf.getsockname()[1]}")
        yield here
        here.close()
