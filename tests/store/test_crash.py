"""`kill -9` at any moment: what was acknowledged is there, whole, and the file is sound.

This is the crash of a process. A crash of the machine is what the flushes are for, which test_fsyncs counts.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from modelmuxd.store import lookup
from modelmuxd.store.database import next_epoch, open_database
from modelmuxd.store.migrations import integrity
from muxwire.words import FINAL_STATES
from store.builders import a_task, run_id

ROUNDS = 20

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and kills")


class Nursery:
    """A process whose children write until they are killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "store.dying"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def write_and_die(self, path: Path, first: int, words: int) -> list[str]:
        """What a child said before it was killed, which happens as soon as it has said so many words."""
        assert self._process.stdin
        self._process.stdin.write(f"{first} {path}\n")
        said: list[str] = []
        lines = self._lines()
        child = int(next(lines))
        for line in lines:
            said.append(line)
            if len(said) == words:
                os.kill(child, signal.SIGKILL)
        return said

    def _lines(self) -> Iterator[str]:
        assert self._process.stdout
        for line in self._process.stdout:
            if line == "gone\n":
                return
            yield line.strip()


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


def test_what_was_acknowledged_survives(nursery: Nursery, tmp_path: Path) -> None:
    path = tmp_path / "modelmux.db"
    chance = random.Random(11)
    said: list[str] = []
    for turn in range(ROUNDS):
        words = nursery.write_and_die(path, turn * 100_000, chance.randrange(1, 60))
        check(path, words, epoch=2 * turn + 2)
        said += words
    check(path, said, epoch=2 * ROUNDS + 1)
    assert any(word.startswith("settled") for word in said)


def check(path: Path, said: list[str], epoch: int) -> None:
    with closing(open_database(path)) as db:
        assert next_epoch(db) == epoch
        assert integrity(db) == []
        for word, number in (line.split() for line in said):
            task = lookup.find(db, run_id(int(number)))
            assert task.new == a_task(int(number), task=f"task {number}" * 50)
            if word == "settled":
                assert (task.state, task.output) == ("success", f"answer {number}")
        for name, last in db.execute("SELECT run_id, last_seq FROM tasks").fetchall():
            assert [event.seq for event in lookup.events(db, name, 0, 1000)] == list(range(1, last + 1))
        rows = db.execute(
            "SELECT state, (SELECT count(*) FROM attempts WHERE task_id = id AND ended_at IS NULL) FROM tasks"
        )
        assert all(running == (state == "running") for state, running in rows if state not in FINAL_STATES)
