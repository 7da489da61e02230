"""`muxctl service …` against scripted service managers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from life_daemons import CEILING, Home, gone

MUXCTL = [sys.executable, "-c", "import sys; from muxclients.cli.main import main; sys.exit(main(sys.argv[1:]))"]
SYSTEMCTL = """#!/bin/sh
echo "$@" >>"$HOME/asked"
case "$*" in
  *is-active*) echo active;;
  *enable*) test ! -e "$HOME/broken" || { echo "Failed to connect to bus" >&2; exit 1; };;
  *start*) test ! -e "$HOME/broken" || { echo "Unit is masked" >&2; exit 1; }
    {python} -m modelmuxd </dev/null >/dev/null 2>&1 &;;
esac
"""
LOGINCTL = "#!/bin/sh\necho no\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A user with the usual places, whose systemctl and loginctl are scripts."""
    run, path = str(tmp_path / "run"), f"{tmp_path}/bin:/usr/bin:/bin"
    value = Home(tmp_path, HOME=str(tmp_path), XDG_RUNTIME_DIR=run, PATH=path)
    for name in ("MODELMUX_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        value.env.pop(name, None)
    (tmp_path / "bin").mkdir()
    (tmp_path / "run").mkdir(mode=0o700)
    for name, text in (("systemctl", SYSTEMCTL.replace("{python}", sys.executable)), ("loginctl", LOGINCTL)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    yield value
    muxctl(value, "daemon", "stop", "--kill")


def muxctl(home: Home, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MUXCTL, *words],
        env={**home.env, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=False,
    )


def units(home: Home) -> list[str]:
    folder = home.folder / ".config/systemd/user"
    return sorted(os.listdir(folder)) if folder.exists() else []


def asked(home: Home) -> list[str]:
    return (home.folder / "asked").read_text().splitlines()


def test_install_status_uninstall(home: Home) -> None:
    assert muxctl(home, "service", "status").returncode == 1
    done = muxctl(home, "service", "install", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["installed"], found["active"], found["manager"]) == (0, True, True, "systemd")
    assert units(home) == ["modelmuxd.service", "modelmuxd.socket"]
    assert any("enable-linger" in notice for notice in found["notices"])
    assert asked(home)[:2] == ["--user daemon-reload", "--user enable --now modelmuxd.socket modelmuxd.service"]
    assert muxctl(home, "service", "status").returncode == 0
    gone = json.loads(muxctl(home, "service", "uninstall", "--json").stdout)
    assert gone["installed"] is False
    assert units(home) == []
    assert "--user disable --now modelmuxd.socket modelmuxd.service" in asked(home)


def test_print_touches_nothing(home: Home) -> None:
    done = muxctl(home, "service", "install", "--print")
    assert "ListenStream=%t/modelmux/mux.sock" in done.stdout
    assert done.stdout.endswith("systemctl --user enable --now modelmuxd.socket modelmuxd.service\n")
    assert units(home) == []
    assert not (home.folder / "asked").exists()


def test_a_manager_that_refuses_leaves_nothing_behind(home: Home) -> None:
    (home.folder / "broken").touch()
    done = muxctl(home, "service", "install")
    assert done.returncode != 0
    assert "Failed to connect to bus" in done.stderr
    assert "Traceback" not in done.stderr
    assert units(home) == []


def test_files_of_another_version_are_noticed(home: Home) -> None:
    muxctl(home, "service", "install")
    (home.folder / ".config/systemd/user/modelmuxd.service").write_text("[Service]\n")
    assert "not those of this version" in muxctl(home, "service", "status").stderr


def test_a_private_home_has_no_service(home: Home) -> None:
    done = muxctl(home, "service", "install", MODELMUX_HOME=str(home.folder / "private"))
    assert done.returncode != 0
    assert "MODELMUX_HOME" in done.stderr


def test_a_clients_daemon_makes_room(home: Home) -> None:
    started = json.loads(muxctl(home, "daemon", "start", "--json").stdout)
    muxctl(home, "service", "install")
    assert gone(started["pid"])
    assert not (home.folder / "run/modelmux/mux.sock").exists()


def test_where_a_manager_owns_the_daemon_a_client_asks_and_never_forks(home: Home) -> None:
    muxctl(home, "service", "install")
    assert json.loads(muxctl(home, "daemon", "start", "--json").stdout)["started"]
    assert asked(home)[-1] == "--user start modelmuxd.socket"
    assert not (home.folder / ".local/state/modelmux/startup.log").exists()


def test_a_manager_that_cannot_start_it_is_quoted(home: Home) -> None:
    muxctl(home, "service", "install")
    (home.folder / "broken").touch()
    done = muxctl(home, "daemon", "start", "--json")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 5
    assert error["message"] == "`systemctl --user start modelmuxd.socket` did not help: Unit is masked."
    assert "service status" in error["hint"]
