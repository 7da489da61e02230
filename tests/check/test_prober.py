"""Providers looked up in trees of files made on disk: npm layouts, links, traps, logins."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import anyio
import pytest
from modelmuxd.adapters.base import Login, Package, Reader
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import ProviderSettings, Request
from modelmuxd.engine.check import Located, Prober, report
from modelmuxd.engine.located import expand, under_profile
from muxwire.settings import Settings

pytestmark = pytest.mark.anyio


class Cli:
    """An adapter of a CLI that was installed by npm and logs in with a file or a key."""

    name: ClassVar[str] = "cli"
    program: str = "cli"
    title: ClassVar[str] = "Some CLI"
    package: ClassVar[Package] = Package(
        "@some/cli", ("{node_modules}/@some/cli-linux/cli", "{package}/bin/x"), "1.0.0"
    )
    env_names: ClassVar[tuple[str, ...]] = ("CLI_KEY", "CLI_HOME")
    scrub: ClassVar[tuple[str, ...]] = ()
    login_files: ClassVar[tuple[str, ...]] = ("~/.cli/auth.json", "$CLI_HOME/auth.json")
    first_byte_s: ClassVar[float] = 30.0
    window: ClassVar[int] = 0
    session_bound: ClassVar[bool] = False

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        if "CLI_KEY" in env_present:
            return Login("yes", "CLI_KEY is set", billing="metered")
        for name, data in files.items():
            if json.loads(data).get("token"):
                return Login("yes", f"{name} has a token", billing="subscription")
        return Login("no", "no key and no token.", "cli login")

    def prepare(self, request: Request) -> Invocation:
        raise NotImplementedError

    def reader(self, request: Request) -> Reader:
        raise NotImplementedError


class Other(Cli):
    name: ClassVar[str] = "other"
    program: str = "other"
    package: ClassVar[Package] = Package()
    login_files: ClassVar[tuple[str, ...]] = ()


class World:
    """A HOME, a PATH and a state folder of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = self.folder("bin")
        self.home = self.folder("home/.cli").parent
        self.env = {"PATH": f"{self.bin}:{self.folder('bin2')}", "HOME": str(self.home)}
        self.time = 1000.0
        self.cache = self.folder("state") / "check.json"
        self.prober = self.again()

    def again(self, version: str = "1") -> Prober:
        """The daemon after a restart."""
        return Prober({"cli": Cli(), "other": Other()}, str(self.cache), version=version, now=lambda: self.time)

    def folder(self, name: str) -> Path:
        (self.root / name).mkdir(parents=True, exist_ok=True)
        return self.root / name

    def write(self, name: str, text: str = "", mode: int = 0o755) -> Path:
        path = self.folder(os.path.dirname(name)) / os.path.basename(name)
        path.write_text(text)
        path.chmod(mode)
        return path

    def install(self, version: str = "1.2.3", *, native: bool = False) -> None:
        """As npm does: a link in bin to a script in the package."""
        self.write("lib/node_modules/@some/cli/bin/cli.js", "#!/usr/bin/env node\n")
        self.write("lib/node_modules/@some/cli/package.json", json.dumps({"version": version}), 0o644)
        if native:
            self.write("lib/node_modules/@some/cli-linux/cli", "\x7fELF")
        self.write("bin/node", "\x7fELF")
        (self.bin / "cli").symlink_to("../lib/node_modules/@some/cli/bin/cli.js")

    def log_in(self) -> None:
        self.write("home/.cli/auth.json", '{"token": "sekrit"}', 0o600)

    async def cli(self, **more: str) -> Located:
        return await self.prober.locate(Cli(), {**self.env, **more})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_an_npm_install_is_found_with_its_version(world: World) -> None:
    world.install()
    world.log_in()
    found = await world.cli()
    assert (found.program, found.found) == (f"{world.bin}/cli", f"{world.bin}/cli")
    assert found.version == "1.2.3"
    assert found.login == Login("yes", "~/.cli/auth.json has a token", billing="subscription")
    assert found.fault is None


async def test_the_native_binary_is_preferred_and_needs_no_interpreter(world: World) -> None:
    world.install(native=True)
    (world.bin / "node").unlink()
    found = await world.cli(CLI_KEY="k")
    assert found.program == f"{world.root}/lib/node_modules/@some/cli-linux/cli"
    assert found.found == f"{world.bin}/cli"
    assert found.fault is None


async def test_a_script_without_its_interpreter_is_told(world: World) -> None:
    world.install()
    (world.bin / "node").unlink()
    found = await world.cli(CLI_KEY="k")
    assert found.fault
    assert found.fault.code == "not_installed"
    assert found.fault.message == f"Some CLI cannot be started: {world.bin}/cli needs node, which is not on PATH."


@pytest.mark.parametrize(
    "line", ["#!/usr/bin/env -S node --flag", "#!/usr/bin/env -u X node", "#!/bin/sh -e", "#!", "x"]
)
async def test_interpreters_that_are_there_or_unclear_are_no_trouble(world: World, line: str) -> None:
    world.install()
    world.write("lib/node_modules/@some/cli/bin/cli.js", f"{line}\n")
    assert (await world.cli(CLI_KEY="k")).fault is None


async def test_an_interpreter_by_path_must_be_there(world: World) -> None:
    world.write("bin/cli", "#!/nowhere/python\n")
    found = await world.cli(CLI_KEY="k")
    assert found.fault
    assert "needs /nowhere/python, which is not there" in found.fault.message


async def test_nothing_there(world: World) -> None:
    found = await world.cli()
    assert found.fault
    assert found.fault.message == "Some CLI is not installed: there is no cli on PATH."
    assert found.fault.hint == "Run `npm install -g @some/cli`."
    assert found.fault.provider == "cli"
    assert (await world.prober.locate(Cli(), {})).fault == found.fault


async def test_folders_and_plain_files_are_passed_over(world: World) -> None:
    world.folder("bin/cli")
    world.write("bin2/cli", "", 0o644)
    found = await world.cli()
    assert found.fault
    assert found.fault.message.endswith(f"there is no cli on PATH ({world.bin}/cli is a folder).")
    world.write("bin2/cli", "", 0o755)
    assert (await world.cli()).found == f"{world.root}/bin2/cli"


async def test_a_link_that_points_nowhere(world: World) -> None:
    (world.bin / "cli").symlink_to("gone")
    found = await world.cli()
    assert found.fault
    assert "is a link that points nowhere" in found.fault.message


async def test_the_working_directory_is_no_place_for_programs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("project/cli")
    monkeypatch.chdir(world.root / "project")
    assert not (await world.prober.locate(Cli(), {"PATH": "::.:../project:"})).found


async def test_claudes_own_installer_names_the_version(world: World) -> None:
    world.write("share/versions/2.1.197")
    (world.bin / "cli").symlink_to("../share/versions/2.1.197")
    assert (await world.cli()).version == "2.1.197"


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"version": 3}', '{"version": "rm -rf; x"}', "[" * 100_000, '{"version": "1.2.3\\n"}']
)
async def test_a_strange_package_has_no_version(world: World, content: str) -> None:
    world.install()
    world.write("lib/node_modules/@some/cli/package.json", content)
    assert (await world.cli(CLI_KEY="k")).version == ""
    assert (await world.cli(CLI_KEY="k")).fault is None


async def test_not_logged_in(world: World) -> None:
    world.install()
    found = await world.cli()
    assert found.fault
    assert found.fault.code == "auth"
    assert found.fault.message == "Some CLI is not logged in: no key and no token."
    assert found.fault.hint == "Run `cli login`."


async def test_a_key_by_value_or_by_name(world: World) -> None:
    world.install()
    assert (await world.cli(CLI_KEY="k")).login.how == "CLI_KEY is set"
    assert (await world.prober.locate(Cli(), world.env, frozenset({"CLI_KEY"}))).login.how == "CLI_KEY is set"
    assert (await world.cli(CLI_KEY="")).login.state == "no"


async def test_a_login_in_a_folder_that_a_variable_names(world: World) -> None:
    world.install()
    world.write("elsewhere/auth.json", '{"token": 1}')
    found = await world.cli(CLI_HOME=f"{world.root}/elsewhere")
    assert found.login.how == "$CLI_HOME/auth.json has a token"
    assert (await world.cli(CLI_HOME="elsewhere")).login.state == "no"


async def test_a_folder_that_is_named_and_not_known_is_no_missing_login(world: World) -> None:
    world.install()
    found = await world.prober.locate(Cli(), world.env, frozenset({"CLI_HOME"}))
    assert found.login.state == "unknown"
    assert found.fault is None


def test_expand() -> None:
    env = {"HOME": "/h/", "X": "/x"}
    assert expand("~/a/b", env) == "/h/a/b"
    assert expand("$X/a", env) == "/x/a"
    assert expand("/etc/a", env) == "/etc/a"
    assert expand("~/a", {}) == expand("$Y/a", env) == ""


async def test_hostile_login_files(world: World) -> None:
    world.install()
    auth = world.write("home/.cli/auth.json", "no json", 0o600)
    assert (await world.cli()).login == Login("unknown", "its login files could not be understood")
    auth.write_text(" " * (1 << 20) + "{}")
    assert (await world.cli()).login.how == f"{auth} is larger than 1024 KiB, more than such a file may have"
    auth.unlink()
    os.mkfifo(auth)
    with anyio.fail_after(20):
        assert (await world.cli()).login.how == f"{auth} is a pipe, not a file"


async def test_a_probe_is_remembered_until_something_changed(world: World) -> None:
    world.install()
    world.log_in()
    assert (await world.prober.check(world.env)).age_seconds == 0
    world.time += 60
    assert (await world.prober.check(world.env)).age_seconds == 60
    assert (await world.prober.check(world.env, refresh=True)).age_seconds == 0
    world.time += 5
    (world.home / ".cli" / "auth.json").unlink()
    probe = await world.prober.check(world.env)
    assert probe.located["cli"].login.state == "no"
    assert probe.age_seconds == 5  # the other one is as it was


@pytest.mark.parametrize("change", ["upgrade", "earlier", "gone", "mode", "relinked", "native"])
async def test_every_change_is_noticed(world: World, change: str) -> None:
    world.install()
    world.env["PATH"] = f"{world.folder('bin0')}:{world.env['PATH']}"
    before = await world.cli(CLI_KEY="k")
    if change == "upgrade":
        world.write("lib/node_modules/@some/cli/package.json", '{"version": "1.2.10"}')
    elif change == "earlier":
        world.write("bin0/cli")
    elif change == "gone":
        (world.bin / "cli").unlink()
    elif change == "mode":
        (world.bin / "cli").chmod(0o644)
    elif change == "relinked":
        (world.bin / "cli").unlink()
        world.write("cellar/7.7.7")
        (world.bin / "cli").symlink_to("../cellar/7.7.7")
    else:
        world.write("lib/node_modules/@some/cli-linux/cli")
    assert await world.cli(CLI_KEY="k") != before


async def test_callers_do_not_share_answers(world: World) -> None:
    world.install()
    assert (await world.cli(CLI_KEY="k")).login.state == "yes"
    assert (await world.cli()).login.state == "no"
    assert (await world.prober.locate(Cli(), {**world.env, "PATH": "/nowhere", "CLI_KEY": "k"})).found == ""


async def test_the_next_daemon_answers_from_the_file(world: World) -> None:
    world.install()
    world.log_in()
    before = await world.prober.check({**world.env, "CLI_KEY": "sk-value"})
    world.time += 30
    after = await world.again().check({**world.env, "CLI_KEY": "sk-value"})
    assert (after.located, after.age_seconds) == (before.located, 30)
    assert (await world.again("2").check({**world.env, "CLI_KEY": "sk-value"})).age_seconds == 0


async def test_the_file_is_private_and_holds_no_values(world: World) -> None:
    world.install()
    world.log_in()
    await world.prober.check({**world.env, "CLI_KEY": "sk-value", "CLI_HOME": "/secret/place"}, frozenset({"OTHER"}))
    assert world.cache.stat().st_mode & 0o777 == 0o600
    text = world.cache.read_text()
    assert not [word for word in ("sk-value", "sekrit", world.env["PATH"]) if word in text]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"version": "1", "entries": {"a": 3}}', b"[" * 10_000])
async def test_a_broken_cache_is_as_good_as_none(world: World, raw: bytes) -> None:
    world.cache.write_bytes(raw)
    world.install()
    assert (await world.prober.check(world.env)).located["cli"].version == "1.2.3"
    assert (await world.again().check(world.env)).located["cli"].version == "1.2.3"


async def test_a_cache_that_cannot_be_written_costs_only_time(world: World) -> None:
    world.cache.parent.rmdir()
    world.install()
    assert (await world.prober.check(world.env)).located["cli"].version == "1.2.3"


async def test_memory_is_bounded(world: World) -> None:
    world.install()
    for number in range(150):
        await world.cli(HOME=f"/home/{number}")
    await world.prober.check(world.env)
    assert len(json.loads(world.cache.read_text())["entries"]) == 128


async def test_many_at_once(world: World) -> None:
    world.install()
    async with anyio.create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(world.prober.check, {**world.env, "HOME": f"/h{number % 3}"})
    json.loads(world.cache.read_text())


async def test_the_report(world: World) -> None:
    world.install()
    world.log_in()
    probe = await world.prober.check(world.env)
    check = report(probe, {"cli": Cli(), "other": Other()}, Settings(), version="9")
    assert (check.version, check.available_count, check.active_profile, check.routing_rules) == ("9", 1, "default", 0)
    mine = check.providers["cli"]
    assert (mine.available, mine.binary, mine.path) == (True, "cli", f"{world.bin}/cli")
    assert (mine.version, mine.version_tested, mine.login) == ("1.2.3", "1.0.0", "yes")
    other = check.providers["other"]
    assert not other.available
    assert other.fault
    assert other.fault.hint == "Install it so that `other` is on PATH."


async def test_a_disabled_provider_is_not_available(world: World) -> None:
    world.install()
    world.log_in()
    probe = await world.prober.check(world.env)
    check = report(probe, {"cli": Cli(), "other": Other()}, Settings(disabled_providers=("cli",)), version="9")
    assert check.available_count == 0
    assert check.providers["cli"].fault
    assert check.providers["cli"].fault.message == "Some CLI is disabled in the settings."


@pytest.mark.parametrize(
    ("settings", "names", "state", "how"),
    [
        (ProviderSettings(), set(), "no", "no key and no token."),
        (ProviderSettings(api_key_env="MINE"), {"MINE"}, "yes", "the profile's MINE is set"),
        (ProviderSettings(api_key_env="MINE", base_url="http://x"), set(), "no", "the profile's MINE is not set"),
        (ProviderSettings(base_url="http://x"), set(), "unknown", "the profile names an address of its own"),
    ],
)
async def test_a_profile_with_a_key_or_an_address_of_its_own(
    world: World, settings: ProviderSettings, names: set[str], state: str, how: str
) -> None:
    world.install()
    found = under_profile(await world.cli(), Cli(), settings, frozenset(names))
    assert (found.login.state, found.login.how) == (state, how)
    assert (found.fault is None) == (state != "no")


async def test_a_profile_outweighs_a_login_and_installs_nothing(world: World) -> None:
    mine = ProviderSettings(api_key_env="MINE")
    gone = under_profile(await world.cli(), Cli(), mine, frozenset({"MINE"}))
    assert gone.fault
    assert gone.fault.code == "not_installed"
    world.install()
    world.log_in()
    found = under_profile(await world.cli(), Cli(), mine, frozenset())
    assert found.fault
    assert found.fault.hint == "Run `export MINE=…`."
