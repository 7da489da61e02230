"""What a dispatch costs the disk, counted by the kernel's own account: flushes as strace sees them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

ROUNDS = 10
"""Few enough that no checkpoint falls due: its flushes come after an answer, in whatever step is next."""

CALL = re.compile(
    r"\b(access|faccessat2?|f(?:data)?sync|msync|sync_file_range|syncfs)\((?:AT_FDCWD, )?(?:\"mark:(\w+)\")?"
)


def flushes(path: Path, rounds: int) -> dict[str, list[int]]:
    """For each step, how many flushes each of its rounds took."""
    trace = path.with_suffix(".trace")
    watched = "trace=access,faccessat,faccessat2,fsync,fdatasync,msync,sync_file_range,syncfs"
    subprocess.run(
        ["strace", "-f", "-qq", "-e", watched, "-o", trace, sys.executable, "-m", "store.counted", path, str(rounds)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=True,
    )
    counts: dict[str, list[int]] = {"open": [0]}
    step = "open"
    for call, mark in CALL.findall(trace.read_text()):
        if mark:
            step = mark
            counts.setdefault(step, []).append(0)
        elif "access" not in call:
            counts[step][-1] += 1
    return counts


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    if which("strace") is None:
        pytest.skip("strace is not installed")
    path = tmp_path_factory.mktemp("fsyncs") / "modelmux.db"
    if subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True).returncode:
        pytest.skip("tracing is not permitted here")
    return flushes(path, ROUNDS)


@pytest.mark.parametrize("step", ["accept", "claim", "settle"])
def test_a_durable_write_is_one_flush(traced: dict[str, list[int]], step: str) -> None:
    assert traced[step] == [1] * ROUNDS


@pytest.mark.parametrize("step", ["again", "progress", "reading"])
def test_nothing_else_on_the_path_of_a_dispatch_flushes(traced: dict[str, list[int]], step: str) -> None:
    assert traced[step] == [0] * ROUNDS
