"""Agents three levels deep that ignore SIGTERM, fork twice and leave their session: none outlives its run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from torture.world import World, until, world

pytestmark = [pytest.mark.torture, pytest.mark.timeout(120)]

TREE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
def deeper(level):
    for double in (False, True):
        if os.fork() == 0:
            os.setsid()
            if double and os.fork():
                os._exit(0)
            with open(os.environ["HOME"] + "/tree-" + os.environ["MODELMUX_ATTEMPT"], "a") as file:
                file.write(f"{os.getpid()}\\n")
            if level:
                deeper(level - 1)
            time.sleep(600)
deeper(2)
"""
GROWN = 14
"""Two on the first level, four on the second, eight on the third."""


def test_nothing_outlives_its_run() -> None:
    with world() as here:
        tree = Path(here.folder, "tree.py")
        tree.write_text(TREE)
        here.agent(_agent(tree, "sleep 600"))
        canceled, timed = _start(here), _start(here, "--timeout", "4")
        _grown(here, canceled)
        here.agent(_agent(tree, f'until [ "$(cat "$HOME"/tree-* | wc -l)" -ge {3 * GROWN} ]; do sleep 0.05; done'))
        plain = _start(here)
        for run in (timed, plain):
            _grown(here, run)
        assert here.muxctl("cancel", "--json", canceled).returncode == 0
        states = here.ended()
        assert states == {"canceled": 1, "timeout": 1, "success": 1}
        assert [one.pid for one in here.agents()] == []  # dead when the end is told, not some time after
        here.check_nothing_is_left()


def _agent(tree: Path, then: str) -> str:
    from torture.world import AGENT

    return AGENT.replace("PAUSE", f"{sys.executable} -SE {tree} & {then}")


def _start(here: World, *words: str) -> str:
    done = here.muxctl("dispatch", "--json", "--background", "-p", "codex", *words, "--", "grow")
    run_id: str = json.loads(done.stdout)["run_id"]
    here.accepted[run_id] = run_id
    return run_id


def _grown(here: World, run: str) -> None:
    pids = Path(here.home, f"tree-{run}-1")
    until(lambda: pids.exists() and len(pids.read_text().splitlines()) == GROWN, "a whole tree")
