"""A machine to be tortured: clients, a daemon and agents that write down when they begin and end; then the accounts."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
from muxclients.demo.stage import Stage

ROUNDS = int(os.environ.get("MODELMUX_TORTURE_ROUNDS", "10"))
SEED = int(os.environ.get("MODELMUX_TORTURE_SEED", "1"))
CEILING = 120.0
"""Seconds until a condition that must come counts as never."""

AGENT = """#!/bin/sh
[ "$1" = --version ] && { echo 'codex-cli 0.169.0'; exit; }
echo "begin $MODELMUX_ATTEMPT" >>"$HOME/journal"
cat >/dev/null
echo '{"type":"thread.started","thread_id":"01a2020d-c74b-7f82-b1cd-48c0a1743b3d"}'
echo '{"type":"turn.started"}'
PAUSE
echo '{"type":"item.completed","item":{"id":"item_0","type":"agent_message","text":"done"}}'
echo '{"type":"turn.completed","usage":{"input_tokens":9,"cached_input_tokens":0,"output_tokens":1}}'
echo "end $MODELMUX_ATTEMPT" >>"$HOME/journal"
"""
PACE = 0.3
"""Seconds between a client's tasks: about as many as four agents at a time can do."""
SOME = "sleep 0.$(($$ % 4))"
"""Up to 0.3 s of work."""


def until(fact: Callable[[], bool], what: str, seconds: float = CEILING) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)


class World(Stage):
    """`accepted`: the runs whose ids a client has been told, by idempotency key."""

    def __init__(self, folder: str, pause: str = SOME) -> None:
        super().__init__(folder)
        self.accepted: dict[str, str] = {}
        self.random = random.Random(SEED)
        self.agent(AGENT.replace("PAUSE", pause))
        Path(self.home, "journal").touch()

    def agent(self, script: str) -> None:
        """What stands in the place of Codex from now on."""
        Path(self.folder, "bin/codex").resolve().write_text(script)

    def settings(self, text: str) -> None:
        profiles = Path(self.folder, "mux/config/profiles.toml")
        profiles.parent.mkdir(parents=True, exist_ok=True)
        profiles.write_text(text)

    def submit(self, key: str, *words: str) -> bool:
        """Ask once; whether the run's id came back. A client that gets no answer asks again with the same key."""
        asked = ("dispatch", "--json", "--background", "-p", "codex", "--idempotency-key", key, *words)
        done = self.muxctl(*asked, "--", f"task {key}")
        try:
            run_id = json.loads(done.stdout)["run_id"]
        except (ValueError, KeyError):
            return False
        known = self.accepted.setdefault(key, run_id)
        assert known == run_id, f"{key} is two runs: {known} and {run_id}"
        return True

    def insist(self, key: str, *words: str) -> None:
        until(lambda: self.submit(key, *words), f"an answer for {key}")

    def processes(self) -> list[psutil.Process]:
        """Everything that was started in here and lives."""
        found = []
        for process in psutil.process_iter(["environ", "status"]):
            environ = process.info["environ"] or {}
            if environ.get("HOME") == self.home and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def daemons(self) -> list[psutil.Process]:
        return [one for one in self.processes() if "modelmuxd" in command(one)]

    def the_daemon(self) -> psutil.Process:
        """The one that answers, once it stands alone: clients that found none at the same moment each started one, and
        those that lost the claim are gone a moment later. Two looks would race with the start of another."""
        alone: list[psutil.Process] = []

        def stands_alone() -> bool:
            alone[:] = self.daemons()
            return len(alone) == 1 and bool(self.accepted)

        until(stands_alone, "one daemon that has answered")
        return alone[0]

    def guards(self) -> list[psutil.Process]:
        return [one for one in self.processes() if "modelmux-guard" in command(one)]

    def agents(self) -> list[psutil.Process]:
        """Agents and all that they have started."""
        return [one for one in self.processes() if _marked(one) and "modelmux-guard" not in command(one)]

    def kill(self, process: psutil.Process) -> None:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            return

    def ended(self) -> Counter[str]:
        """Wait for all that was accepted; in which states they ended."""
        runs = list(self.accepted.values())
        for start in range(0, len(runs), 50):
            some = runs[start : start + 50]
            try:
                until(lambda some=some: self._over(some), "the end of all runs")  # type: ignore[misc]
            except AssertionError as error:
                raise AssertionError(f"{error}\n{self.muxctl('status').stdout}") from None
        return Counter(str(state) for (state,) in self.rows("SELECT state FROM tasks"))

    def _over(self, runs: list[str]) -> bool:
        done = self.muxctl("wait", "--json", "--wait", "20", *runs)
        try:
            states = [run["status"] for run in json.loads(done.stdout)["runs"]]
        except (ValueError, KeyError):
            return False  # the daemon was killed meanwhile
        return not set(states) & {"queued", "waiting", "running"}

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"{self.folder}/mux/state/modelmux.db", timeout=30)) as db:
            return db.execute(query).fetchall()

    def journal(self) -> tuple[Counter[str], Counter[str]]:
        """How often each attempt began, and how often it ended by itself."""
        begun, done = Counter[str](), Counter[str]()
        for line in Path(self.home, "journal").read_text().splitlines():
            word, _, marker = line.partition(" ")
            (begun if word == "begin" else done)[marker] += 1
        return begun, done

    def check_record(self) -> None:
        """Every accepted task is there once and has ended, events have no gap, and the file is whole."""
        told = set(self.accepted.values())
        tasks = {str(run_id): ended for run_id, ended in self.rows("SELECT run_id, ended_at FROM tasks")}
        assert told <= tasks.keys(), f"lost: {sorted(told - tasks.keys())}"
        assert len(told) == len(self.accepted), "two keys share a run"
        assert all(tasks[run] is not None for run in told)
        gaps = self.rows("SELECT task_id FROM events GROUP BY task_id HAVING max(seq) <> count(*) OR min(seq) <> 1")
        assert gaps == []
        finals = "('success', 'error', 'timeout', 'canceled', 'blocked', 'lost')"
        twice = self.rows(
            "SELECT task_id FROM events WHERE json_extract(body, '$.type') = 'state'"
            f" AND json_extract(body, '$.state') IN {finals} GROUP BY task_id HAVING count(*) <> 1"
        )
        assert twice == []
        assert self.rows("PRAGMA integrity_check") == [("ok",)]

    def check_nothing_is_left(self) -> None:
        until(lambda: not self.agents() and not self.guards(), "the end of all agents", 20)


class Crowd:
    """Clients that submit one task after the other until they are told to stop."""

    def __init__(self, world: World, count: int) -> None:
        self._world = world
        self._enough = threading.Event()
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._live, args=(number,)) for number in range(count)]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()
        assert self.failures == []

    def pass_time(self, seconds: float) -> None:
        """A moment at random is what this is about: there is no condition to wait for."""
        self._enough.wait(seconds)

    def _live(self, number: int) -> None:
        try:
            task = 0
            while not self._enough.is_set():
                self._world.insist(f"{number}-{task}")
                task += 1
                self._enough.wait(PACE)
        except BaseException as error:
            self.failures.append(error)


@contextmanager
def world(pause: str = SOME) -> Generator[World]:
    here = World(tempfile.mkdtemp(prefix="mux-torture-"), pause)
    try:
        yield here
    finally:
        here.strike()


def command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _marked(process: psutil.Process) -> bool:
    try:
        return "MODELMUX_ATTEMPT" in process.environ()
    except psutil.Error:
        return False
