"""Which process is meant."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.runner import identity
from modelmuxd.runner.identity import ProcessId
from modelmuxd.runner.tree import Proc, grown


def test_a_successor_of_the_pid_is_not_meant() -> None:
    process = subprocess.Popen(["/bin/sleep", "300"])
    who = identity.of(process.pid)
    other = ProcessId(process.pid, (who.ticks or 0) + 1)
    assert identity.is_running(who)
    assert not identity.is_running(other)
    assert identity.open_pidfd(other) is None
    assert not identity.send(other, signal.SIGKILL)
    assert process.poll() is None
    assert identity.send(who, signal.SIGKILL)
    process.wait()
    assert not identity.is_running(who)
    assert not identity.send(who, signal.SIGKILL)


def test_a_zombie_does_not_run() -> None:
    process = subprocess.Popen(["/bin/true"])
    who = identity.of(process.pid)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.is_running(who)
    process.wait()


@pytest.mark.parametrize(
    ("line", "who"),
    [
        ("77 (a) b (c) S " + "0 " * 18 + "4711 9", ProcessId(77, 4711)),
        ("77", ProcessId(77)),
        ("77 (sh) S 1 2", None),
        ("", None),
        ("abandoned", None),
    ],
)
def test_what_a_guard_says_of_itself(line: str, who: ProcessId | None) -> None:
    assert identity.parse_who(line) == who


@given(st.text())
def test_no_line_is_too_strange(line: str) -> None:
    identity.parse_who(line)


def test_a_tree_grows_by_parents_and_sessions() -> None:
    procs = [
        Proc(ProcessId(2), parent=1, session=1),
        Proc(ProcessId(10), parent=2, session=10),
        Proc(ProcessId(11), parent=10, session=10),
        Proc(ProcessId(12), parent=11, session=12),
        Proc(ProcessId(13), parent=1, session=12),
        Proc(ProcessId(14), parent=13, session=14),
        Proc(ProcessId(15), parent=1, session=15),
    ]
    assert grown(procs, {11}) == {11, 12, 13, 14}
    assert grown(procs, {99}) == {99}
    assert grown(procs, set(), {15}) == {15}
