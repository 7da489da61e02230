"""Have the daemon started at login: writes the unit files and tells the service manager."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

import msgspec
from muxwire.faults import CONFIG, FaultError, refuse
from muxwire.places import Places, places

from muxclients.link.stop import Running
from muxclients.setup.units import Plan, in_uv_cache, plan

PATIENCE = 60.0
"""Seconds a service manager may take for one command."""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """Where the service stands."""

    manager: str
    installed: bool
    active: bool | None = None
    """None where the manager cannot be asked."""
    program: str = ""
    files: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class Service:
    """The service of this user on this machine."""

    def __init__(self, env: Mapping[str, str] = os.environ, *, program: str = "") -> None:
        if env.get("MODELMUX_HOME"):
            hint = "Unset MODELMUX_HOME; a private home's daemon is started by its clients."
            raise refuse(CONFIG, "A service keeps the usual places; MODELMUX_HOME names others.", hint)
        self._env = env
        self._program = program or find_program()
        self._here: Places = places(env)
        self.plan: Plan = plan(self._program, self._here, env)

    def install(self) -> Installed:
        """Write the files and start the service. A daemon that a client started makes room; its agents go on.

        Raises FaultError(CONFIG) when the manager refuses; then nothing of ours is left, since clients would go on
        asking a manager that cannot help.
        """
        if not self._present() and (running := Running.find(self._here)):
            running.stop("leave")
        try:
            for path, text in self.plan.files.items():
                _write(path, text)
            for command in self.plan.install:
                self._manage(command)
        except BaseException:
            self._remove()
            raise
        return self.status()

    def uninstall(self) -> Installed:
        """Stop the service, leaving agents to the next daemon, and remove the files. Idempotent."""
        if self._present():
            for command in self.plan.uninstall:
                with contextlib.suppress(FaultError):  # it may not be loaded; the files go all the same
                    self._manage(command)
            self._remove()
            for command in self.plan.refresh:
                with contextlib.suppress(FaultError):
                    self._manage(command)
        return self.status()

    def status(self) -> Installed:
        """As it is, without changing anything."""
        present = self._present()
        return Installed(
            manager=self.plan.manager,
            installed=present,
            active=self._active() if present else False,
            program=self._program,
            files=tuple(self.plan.files),
            notices=tuple(self._notices(present)),
        )

    def _present(self) -> bool:
        if not self.plan.files:
            return self._answers(["schtasks", "/Query", "/TN", "modelmuxd"]) is not None
        return all(os.path.exists(path) for path in self.plan.files)

    def _active(self) -> bool | None:
        if self.plan.manager != "systemd":
            return None
        answer = self._answers(["systemctl", "--user", "is-active", "modelmuxd.socket"], check=False)
        return None if answer is None else answer == "active"

    def _notices(self, present: bool) -> list[str]:
        found = []
        if in_uv_cache(self._program, self._env):
            found.append(
                f"{self._program} lies in uv's cache and may be pruned: run `uv tool install modelmux`, "
                "then its `muxctl service install`."
            )
        if present and any(text != _read(path) for path, text in self.plan.files.items()):
            found.append("The files are not those of this version: run `muxctl service install`.")
        if self.plan.manager == "systemd" and self._lingers() is False:
            found.append("The daemon ends when you log out. Run `loginctl enable-linger` to keep it.")
        return found

    def _lingers(self) -> bool | None:
        answer = self._answers(["loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value"])
        return {"yes": True, "no": False}.get(answer or "")

    def _remove(self) -> None:
        for path in self.plan.files:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def _manage(self, command: list[str]) -> None:
        said = _run(command, self._env)
        if said is None:
            hint = "Clients start the daemon by themselves; a service is a convenience."
            raise refuse(CONFIG, f"There is no `{command[0]}` here.", hint)
        if said.returncode != 0:
            reason = (said.stderr or said.stdout).strip().replace("\n", " ")
            raise refuse(CONFIG, f"`{' '.join(command)}` failed: {reason}", "Mend that, then install again.")

    def _answers(self, command: list[str], *, check: bool = True) -> str | None:
        said = _run(command, self._env)
        return None if said is None or (check and said.returncode != 0) else said.stdout.strip()


def find_program() -> str:
    """The `modelmuxd` beside this interpreter, else the one on PATH. Raises FaultError(CONFIG) without one."""
    name = "modelmuxd.exe" if sys.platform == "win32" else "modelmuxd"
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), name)
    if os.access(beside, os.X_OK):
        return beside
    if found := shutil.which("modelmuxd"):
        return os.path.abspath(found)
    raise refuse(CONFIG, "The program `modelmuxd` is not installed beside this one.", "Run `uv tool install modelmux`.")


def _run(command: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired:
        raise refuse(CONFIG, f"`{' '.join(command)}` takes longer than {PATIENCE:g} s.", "Try again later.") from None


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
