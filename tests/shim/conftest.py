"""One machine for each module of tests: its daemon loads the SDK once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator

import pytest
from shim.world import World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    folder = tempfile.mkdtemp(prefix="mux")  # pytest's own paths can be too long for a socket
    here = World(folder)
    try:
        yield here
    finally:
        here.strike()
        shutil.rmtree(folder, ignore_errors=True)
