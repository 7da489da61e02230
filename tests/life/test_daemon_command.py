"""`muxctl daemon …`, as typed."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from life_daemons import CEILING, Home, gone, until
from muxclients.link.stop import Running
from muxwire.locks import try_lock, unlock

MUXCTL = [sys.executable, "-c", "import sys; from muxclients.cli.main import main; sys.exit(main(sys.argv[1:]))"]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    value = Home(tmp_path)
    yield value
    value.clear()


def muxctl(home: Home, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [*MUXCTL, "daemon", *words],
        env=home.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CEILING * 2,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, ""), done.stdout
    return done.stdout


def told(home: Home, *words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(muxctl(home, *words, "--json", code=code))
    return found


def test_start_status_restart_stop(home: Home) -> None:
    started = told(home, "start")
    assert started == {"running": True, "started": True, "pid": home.pids()[0], "socket": home.places.socket}
    assert told(home, "start") == started | {"started": False}
    assert f"pid {started['pid']}" in muxctl(home, "status")
    assert told(home, "status")["pid"] == started["pid"]
    again = told(home, "restart")
    assert again["old_pid"] == started["pid"] != again["pid"]
    assert gone(started["pid"])
    stopped = told(home, "stop")
    expected = {"running": False, "stopped": True, "pid": again["pid"], "mode": "leave", "agents": 0, "forced": False}
    assert stopped == expected
    assert home.pids() == []


@pytest.mark.parametrize("mode", ["--leave", "--drain", "--kill"])
def test_stop_leaves_no_process_and_no_socket(home: Home, mode: str) -> None:
    muxctl(home, "start")
    assert told(home, "stop", mode)["mode"] == mode[2:]
    assert home.pids() == []
    assert not os.path.exists(home.places.socket)
    assert not os.path.exists(home.places.endpoint)


def test_nothing_to_stop_is_no_error_and_nothing_to_see_is_5(home: Home) -> None:
    assert told(home, "stop") == {"running": False, "stopped": False}
    assert told(home, "status", code=5) == {"running": False}
    assert os.listdir(home.folder) == [], "looking leaves no trace"


def test_kill_ends_a_daemon_that_does_not_listen_any_more(home: Home) -> None:
    pid = home.ask()
    os.kill(pid, signal.SIGSTOP)
    running = Running.find(home.places, patience=0.2)
    assert running is not None
    stopped = running.stop("kill")
    assert stopped.forced
    assert gone(pid)
    assert not os.path.exists(home.places.socket)
    until(lambda: Running.find(home.places) is None)


def test_a_lock_held_by_no_daemon_is_named(home: Home) -> None:
    """Such as a pid that another program has by now: it must not be signalled."""
    os.makedirs(home.places.state, 0o700)
    lock = try_lock(home.places.daemon_lock)
    assert lock is not None
    os.write(lock, b"1\n")
    with pytest.raises(Exception, match="is no daemon"):
        Running.find(home.places, patience=0.1)
    unlock(lock)


def test_run_is_the_daemon_itself(home: Home) -> None:
    with subprocess.Popen(
        [*MUXCTL, "daemon", "run", "--json"], env=home.env, stdout=subprocess.PIPE, text=True
    ) as shown:
        assert shown.stdout is not None
        assert json.loads(shown.stdout.readline()) == {"pid": shown.pid, "socket": home.places.socket}
        until(lambda: os.path.exists(home.places.socket))
        assert home.ask() == shown.pid
        shown.send_signal(signal.SIGINT)
        assert shown.wait(CEILING) == 0


def test_run_in_a_terminal_shows_the_log(home: Home) -> None:
    us, terminal = pty.openpty()
    with subprocess.Popen([*MUXCTL, "daemon", "run"], env=home.env, stdin=terminal, stderr=terminal) as shown:
        os.close(terminal)
        until(lambda: b"Started" in os.read(us, 4096))
        shown.send_signal(signal.SIGINT)
        assert shown.wait(CEILING) == 0
    os.close(us)


def test_logs_shows_the_file(home: Home) -> None:
    home.ask()
    assert '"action":"start"' in muxctl(home, "logs")


def test_help_of_each(home: Home) -> None:
    assert "start" in muxctl(home, "--help")
    for name in ("start", "stop", "restart", "status", "run", "logs"):
        assert "--json" in muxctl(home, name, "--help")
