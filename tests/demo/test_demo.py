"""`muxctl demo` as a user runs it: it shows what it promises and leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

MUXCTL = Path(sys.executable).with_name("muxctl")


@pytest.fixture
def room() -> Iterator[Path]:
    """Where the demo puts its folder; short, since a socket's path lies below it."""
    path = Path(tempfile.mkdtemp(prefix="mux-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def environment(room: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(room), "TMPDIR": str(room), "LANG": "C.UTF-8"}


def inhabitants(room: Path, but: int = 0) -> list[psutil.Process]:
    """Processes of a demo in this room, told by their environment."""
    return [
        process
        for process in psutil.process_iter(["environ"])
        if process.pid != but and str(room) in "\0".join((process.info["environ"] or {}).values())
    ]


def run(room: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MUXCTL, "demo", *words], env=environment(room), capture_output=True, encoding="utf-8", timeout=55, check=False
    )


def test_demo_routes_and_fails_over(room: Path) -> None:
    done = run(room, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    shown = json.loads(done.stdout)
    (routed,), (failed_over,), several = (act["runs"] for act in shown["acts"])
    assert {one["provider"]: one["status"] for one in several} == {"claude": "success", "gemini": "success"}
    assert routed["status"] == failed_over["status"] == "success"
    assert routed["routed_from"] == "auto"
    assert failed_over["failover_from"] == routed["provider"] != failed_over["provider"]
    assert failed_over["token_usage"]["total_tokens"] > 0
    assert shown["model_called"] is False
    assert list(room.iterdir()) == []
    assert inhabitants(room) == []


def test_demo_tells_a_person(room: Path) -> None:
    done = run(room)
    assert done.returncode == 0, done.stderr + done.stdout
    for words in ("No model is called", "$ muxctl dispatch", "instead of", "$ muxctl broadcast", "would have cost"):
        assert words in done.stdout
    assert list(room.iterdir()) == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_demo_leaves_nothing(room: Path, ending: signal.Signals) -> None:
    demo = subprocess.Popen(
        [MUXCTL, "demo"], env=environment(room), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 40
        while not inhabitants(room, but=demo.pid):
            assert demo.poll() is None, demo.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        demo.send_signal(ending)
        _, stderr = demo.communicate(timeout=40)
    finally:
        demo.kill()
        demo.wait()
    assert demo.returncode == 130, stderr
    assert b"Traceback" not in stderr
    assert list(room.iterdir()) == []
    assert inhabitants(room) == []


AGENTLESS = """
import sys
import muxclients.demo.stage as stage
from muxclients.entry import muxctl
stage.AGENTS.clear()
sys.exit(muxctl())
"""


def test_failing_demo_says_why_and_leaves_nothing(room: Path) -> None:
    """A stage without agents: no dispatch can end well."""
    done = subprocess.run(
        [sys.executable, "-c", AGENTLESS, "demo", "--json"],
        env=environment(room),
        capture_output=True,
        encoding="utf-8",
        timeout=55,
        check=False,
    )
    assert done.returncode in {1, 4}, done.stdout
    assert json.loads(done.stdout)["error"]["code"]
    assert "Traceback" not in done.stderr
    assert list(room.iterdir()) == []
