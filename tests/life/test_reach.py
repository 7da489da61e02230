"""Clients of other versions meet a real daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from life_daemons import Home, gone, until
from muxclients.link.reach import reach

NEWER, OLDER = "999.0", "0.0.1"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    value = Home(tmp_path)
    yield value
    value.clear()


def test_a_newer_client_replaces_an_idle_daemon_once(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    old = home.ask()
    with reach("cli", env=home.env, version=NEWER) as client:
        assert client.welcome.pid != old
        until(lambda: gone(old))
        assert home.pids() == [client.welcome.pid]
    assert capsys.readouterr().err == ""
    assert home.starts() == 2


def test_an_older_client_talks_and_says_so(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    pid = home.ask()
    with reach("cli", env=home.env, version=OLDER) as client:
        assert client.welcome.pid == pid
    notice = capsys.readouterr().err
    assert notice.startswith(f"muxctl: This program is {OLDER}")
    assert notice.count("\n") == 1


def test_the_same_version_says_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    pid = home.ask()
    with reach("cli", env=home.env) as client:
        assert client.welcome.pid == pid
    assert capsys.readouterr().err == ""
