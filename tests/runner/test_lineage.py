"""Whose agent a process works for, whatever it says of itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from modelmuxd.runner import cgroup
from modelmuxd.runner.guard import MARKER
from modelmuxd.runner.lineage import attempt_of

CHILD = "import os, subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], env={}, stdin=0)"
TELL = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"


@contextmanager
def grandchild(env: Mapping[str, str]) -> Iterator[int]:
    """The pid of a child's child with an empty environment; it ends with the block."""
    argv = [sys.executable, "-c", CHILD, TELL]
    with subprocess.Popen(argv, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        assert process.stdin
        process.stdin.close()


def test_a_process_of_nobody_belongs_to_none() -> None:
    with grandchild({}) as pid:
        assert attempt_of(pid) == attempt_of(os.getpid())


def test_clearing_the_environment_hides_nothing() -> None:
    with grandchild({MARKER: "run-1"}) as pid:
        assert attempt_of(pid) == "run-1"


def test_what_is_gone_belongs_to_none() -> None:
    with grandchild({}) as pid:
        pass
    assert attempt_of(pid) == ""


@pytest.mark.parametrize(
    ("own", "marker"),
    [
        ("0::/user.slice/modelmux.01abc-1\n", "01abc-1"),
        ("12:cpu:/x\n0::/a/modelmux.01abc-2/inner\n", "01abc-2"),
        ("0::/a/modelmux.one-1/modelmux.two-1\n", "two-1"),
        ("0::/user.slice\n", ""),
        ("1:cpu:/modelmux.no-1\n", ""),
        ("", ""),
    ],
)
def test_a_cgroup_names_its_attempt(own: str, marker: str) -> None:
    assert cgroup.marker_in(own) == marker
