"""The environment that a login shell gives: what work without a terminal behind it runs with.

A daemon started at login has neither the user's PATH nor keys, and one started by a client must not pass that client's
on. So the login shell is run once, when first needed, and asked to print its environment between two random marks
(whatever the user's start-up files print lies outside of them).
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio
from anyio.abc import Process
from muxwire.runs import CallerEnv

log = logging.getLogger(__name__)

CAP = 10.0
"""Seconds a login shell may take."""
MAX_BYTES = 4 * 1024 * 1024
MARKER = "MODELMUX_RESOLVING_ENVIRONMENT"
"""Set while the shell runs, so that start-up files can skip what needs a terminal."""

_DROPPED = frozenset({MARKER, "XDG_RUNTIME_DIR", "SHLVL", "PWD", "OLDPWD", "TERM", "_"})
_KEPT = ("HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR")
# No backslash, no `!` and no single quote: sh, zsh, fish and csh read it alike.
_PRINT = (
    "import os,sys;m=sys.argv[1].encode();o=sys.stdout.buffer;"
    'o.write(m+bytes(1).join(k+b"="+v for k,v in os.environb.items())+m);o.flush()'
)


class LoginEnvironment:
    """Read when first asked for, then kept until `refresh`. Values stay in memory and show in no repr."""

    def __init__(self, env: Mapping[str, str] = os.environ, *, cap: float = CAP) -> None:
        self._env = dict(env)
        self._cap = cap
        self._lock = anyio.Lock()
        self._known: CallerEnv | None = None

    async def get(self) -> CallerEnv:
        """The login environment; empty, with a line in the log, when the shell fails or takes too long."""
        async with self._lock:
            if self._known is None:
                self._known = CallerEnv(await read_login_env(self._env, cap=self._cap))
            return self._known

    def refresh(self) -> None:
        """Forget it: the next `get` asks the shell again."""
        self._known = None


async def read_login_env(env: Mapping[str, str], *, cap: float = CAP) -> dict[str, str]:
    """Run the login shell once. On time-out its whole session is killed; what it left running otherwise stays."""
    shell = login_shell(env)
    if shell is None:
        return {}
    mark = secrets.token_hex(16)
    try:
        process = await anyio.open_process(
            shell_command(shell, mark),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_first_env(env, shell),
            cwd=env.get("HOME", "/"),
            start_new_session=True,
        )
    except OSError as error:
        log.warning("The login shell cannot be started: %s", error, extra={"action": "login_env", "shell": shell})
        return {}
    output = await _read(process, mark.encode(), cap)
    found = parse(output, mark.encode())
    if not found:
        log.warning("The login shell told no environment", extra={"action": "login_env", "shell": shell})
    return found


def login_shell(env: Mapping[str, str]) -> str | None:
    """$SHELL, else the account's; None where there is no such thing."""
    if sys.platform == "win32":
        return None
    import pwd

    shell = env.get("SHELL", "")
    if not shell:
        with contextlib.suppress(KeyError):
            shell = pwd.getpwuid(os.getuid()).pw_shell
    return shell if shell.startswith("/") and os.access(shell, os.X_OK) else None


def shell_command(shell: str, mark: str) -> list[str]:
    """How this shell is asked. csh takes `-l` only alone, so there the start-up files of an interactive shell do."""
    flags = "-ic" if Path(shell).name in ("csh", "tcsh") else "-ilc"
    return [shell, flags, f"{shlex.quote(sys.executable)} -ISc '{_PRINT}' {mark}"]


def parse(output: bytes, mark: bytes) -> dict[str, str]:
    """The NUL-separated `NAME=value`s between the first two marks; empty when they are not both there."""
    parts = output.split(mark, 2)
    if len(parts) < 3:
        return {}
    pairs = (entry.partition(b"=") for entry in parts[1].split(b"\0"))
    found = {os.fsdecode(name): os.fsdecode(value) for name, equals, value in pairs if name and equals}
    return {name: value for name, value in found.items() if name not in _DROPPED}


def _first_env(env: Mapping[str, str], shell: str) -> dict[str, str]:
    """What login(1) would begin with, not what this daemon happens to have."""
    first = {name: env[name] for name in _KEPT if name in env}
    return first | {"SHELL": shell, "PATH": os.defpath, "TERM": "dumb", MARKER: "1"}


async def _read(process: Process, mark: bytes, cap: float) -> bytes:
    """Until the second mark, not until end of file: something started in the background may hold the pipe."""
    output = b""
    try:
        with anyio.fail_after(cap):
            assert process.stdout is not None
            async for piece in process.stdout:
                output += piece
                if output.count(mark) >= 2:
                    break
                if len(output) > MAX_BYTES:
                    raise TimeoutError
            await process.wait()
    except TimeoutError:
        log.warning("The login shell took too long and was killed", extra={"action": "login_env"})
    finally:
        if process.returncode is None:
            _kill_session(process.pid)
        with anyio.CancelScope(shield=True):
            await process.aclose()
    return output


def _kill_session(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
