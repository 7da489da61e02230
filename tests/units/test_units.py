"""The unit files, judged by the programs that read them."""

from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest
from muxclients.setup.units import Plan, in_uv_cache, plan
from muxwire.places import places

REPOSITORY = Path(__file__).parents[2]
ODD = "a b%n"
"""A folder name to stumble over; systemd takes no program in one with quotes or backslashes."""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / ODD / "modelmuxd"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def planned(program: str, platform: str, **env: str) -> Plan:
    env = {"HOME": "/home/x", **env}
    return plan(program, places({**env, "MODELMUX_HOME": "/m"}), env, platform=platform)


@pytest.mark.parametrize(
    "name", ["systemd/modelmuxd.service", "systemd/modelmuxd.socket", "launchd/dev.modelmux.modelmuxd.plist"]
)
def test_the_installed_templates_are_these(name: str) -> None:
    """An editable installation has a copy: run `uv sync` after a change."""
    from importlib.resources import files

    folder, _, file = name.partition("/")
    assert files("modelmux_units").joinpath(folder).joinpath(file).read_text() == (REPOSITORY / name).read_text()


def verify(folder: Path, units: list[Path]) -> subprocess.CompletedProcess[str]:
    """It exits 0 even for keys that it does not know; so stderr has to be empty."""
    return subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", *units],
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_every_word(tmp_path: Path, program: str) -> None:
    made = planned(program, "linux", XDG_STATE_HOME="/a b%n\"q'\\x")
    units = [tmp_path / Path(path).name for path in made.files]
    for unit, text in zip(units, made.files.values(), strict=True):
        unit.write_text(text)
    checked = verify(tmp_path, units)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_that_check_can_fail(tmp_path: Path) -> None:
    made = planned("/bin/true", "linux").files["/home/x/.config/systemd/user/modelmuxd.service"]
    unit = tmp_path / "modelmuxd.service"
    unit.write_text(f"{made}\n[Service]\nKilMode=x\n")
    assert "KilMode" in verify(tmp_path, [unit]).stderr


@pytest.mark.parametrize(
    "line",
    [
        "Type=notify",
        "KillMode=process",
        "Delegate=yes",
        "OOMPolicy=continue",
        "Restart=on-failure",
        "StartLimitIntervalSec=60",
        "StartLimitBurst=4",
        "RestartPreventExitStatus=75 78",
        "WatchdogSec=60",
        'ExecStart="/opt/x/modelmuxd"',
        'Environment="XDG_STATE_HOME=/100%%"',
    ],
)
def test_the_service_promises(line: str) -> None:
    made = planned("/opt/x/modelmuxd", "linux", XDG_STATE_HOME="/100%", OPENAI_API_KEY="k")
    text = made.files["/home/x/.config/systemd/user/modelmuxd.service"]
    assert line in text.splitlines()
    assert "OPENAI" not in text
    assert "@" not in text


@pytest.mark.parametrize("line", ["ListenStream=%t/modelmux/mux.sock", "SocketMode=0600", "DirectoryMode=0700"])
def test_the_socket_promises(line: str) -> None:
    assert line in planned("/x", "linux").files["/home/x/.config/systemd/user/modelmuxd.socket"].splitlines()


def test_the_socket_is_where_clients_look() -> None:
    assert places({"HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/7"}).socket == "/run/user/7/modelmux/mux.sock"


def test_launchd_gets_a_property_list() -> None:
    """Only its shape: launchd itself was never asked."""
    made = planned("/opt/a b&<x>/modelmuxd", "darwin", XDG_STATE_HOME="/s&t")
    (text,) = made.files.values()
    assert plistlib.loads(text.encode()) == {
        "Label": "dev.modelmux.modelmuxd",
        "ProgramArguments": ["/opt/a b&<x>/modelmuxd"],
        "EnvironmentVariables": {"XDG_STATE_HOME": "/s&t"},
        "RunAtLoad": True,
        "KeepAlive": {"Crashed": True},
        "ThrottleInterval": 10,
        "AbandonProcessGroup": True,
        "StandardErrorPath": "/m/state/startup.log",
    }
    assert made.install[0][:2] == ["launchctl", "bootstrap"]


def test_windows_gets_a_task_of_the_user() -> None:
    """Only its words: no Windows was at hand."""
    made = planned(r"C:\Program Files\m\modelmuxd.exe", "win32")
    words = made.install[0]
    assert words[words.index("/SC") + 1] == "ONLOGON"
    assert words[words.index("/RL") + 1] == "LIMITED"
    assert words[-1] == r'"C:\Program Files\m\modelmuxd.exe"'
    assert made.files == {}


@pytest.mark.parametrize(
    ("program", "env", "expected"),
    [
        ("/home/x/.cache/uv/archive-v0/h/bin/modelmuxd", {}, True),
        ("/home/x/.local/share/uv/tools/modelmux/bin/modelmuxd", {}, False),
        ("/c/archive-v0/h/bin/modelmuxd", {"UV_CACHE_DIR": "/c"}, True),
        ("/cc/bin/modelmuxd", {"UV_CACHE_DIR": "/c"}, False),
        ("/k/uv/h/bin/modelmuxd", {"XDG_CACHE_HOME": "/k"}, True),
    ],
)
def test_what_uv_may_prune_is_no_place_for_a_service(program: str, env: dict[str, str], expected: bool) -> None:
    assert in_uv_cache(program, {"HOME": "/home/x", **env}) is expected
