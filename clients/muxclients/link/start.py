"""Find the daemon, or start one: exactly one, however many clients want it at the same moment.

    connect ── nobody ──> a service manager owns it? ask the manager, never fork
                    └───> take spawn.lock ── connect once more ── start `modelmuxd` ── connect until it answers

The lock is held until the new daemon answers, so a client that waits for it finds a daemon under it. Between the
daemons themselves the claim decides (exit 75). What is left: a client that connects in the last moment of an ending
daemon is hung up on before the welcome, and has to come here once more.

Front ends that live for milliseconds load this module: it imports little, and the rest only once a daemon is missing.
"""

from __future__ import annotations

import os
import socket
import sys
import time

from muxwire.peer import peer_of
from muxwire.places import Places

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

    from muxwire.faults import FaultError

PATIENCE = 10.0
"""Seconds from the first look to a fault."""
EXIT_BUSY = 75
EXIT_CONFIG = 78
NO_SUCH_ADDRESS = (FileNotFoundError, ConnectionRefusedError, NotADirectoryError)

# fmt: off
_KEPT = frozenset((
    "HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR",
    "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP",
))
# fmt: on
_KEPT_PREFIXES = ("LC_", "XDG_", "MODELMUX_")
ATTEMPT_MARKER = "MODELMUX_ATTEMPT"
"""What agents carry; a daemon with it would be swept away with the agent that happened to start it."""


def connect(places: Places) -> socket.socket | None:
    """A blocking socket to the running daemon, at its usual address or where `places.endpoint` points; None when
    there is no daemon.

    Raises FaultError(UNREACHABLE) when the address is another user's or cannot be reached for another reason.
    """
    return _connect(places.socket) or _connect(_endpoint(places))


def ensure_daemon(places: Places, *, patience: float = PATIENCE, env: Mapping[str, str] = os.environ) -> socket.socket:
    """A blocking socket to the daemon, which is started when there is none.

    Raises FaultError(UNREACHABLE), with the reason that the daemon or its manager gave, after at most about `patience`
    seconds; FaultError(CONFIG) when the state folder is not safe.
    """
    if sock := connect(places):
        return sock
    from muxclients.link.manager import service_manager

    deadline = time.monotonic() + patience
    if manager := service_manager(env):
        return _ask_manager(places, manager, deadline)
    return _start(places, deadline, env)


def _start(places: Places, deadline: float, env: Mapping[str, str]) -> socket.socket:
    from muxwire.folders import private_folder
    from muxwire.locks import try_lock, unlock

    private_folder(places.state)
    for pause in _pauses(deadline):
        if (lock := try_lock(places.spawn_lock)) is not None:
            try:
                return connect(places) or _spawn(places, deadline, env)
            finally:
                unlock(lock)
        time.sleep(pause)
        if sock := connect(places):
            return sock
    raise _unreachable("Another client is starting the daemon and has not finished", _last_lines(places))


def _spawn(places: Places, deadline: float, env: Mapping[str, str]) -> socket.socket:
    """Start daemons until one answers: one that finds its predecessor still ending goes away with EXIT_BUSY."""
    child, said = spawn_daemon(places, env), ""
    for pause in _pauses(deadline):
        code = child.poll()  # before the look: a daemon that answers and then ends at once has still answered
        if sock := connect(places):
            _reap(child)
            return sock
        if code == EXIT_BUSY:
            said = _last_lines(places)  # the next one begins the file anew
            child = spawn_daemon(places, env)
        elif code is not None:
            raise _unreachable(f"The daemon did not start: {_meaning(code)}", _last_lines(places), code)
        time.sleep(pause)
    _reap(child)
    raise _unreachable("The daemon does not answer", _last_lines(places) or said)


def spawn_daemon(places: Places, env: Mapping[str, str] = os.environ) -> subprocess.Popen[bytes]:
    """Start `modelmuxd` of this interpreter on its own: own session, no terminal, no descriptor of ours, a small
    environment (what this client happens to have is nobody else's business), output to `places.startup_log`.
    """
    import subprocess

    log = os.open(places.startup_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "modelmuxd", "--started-by-client"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=daemon_env(env),
            start_new_session=True,
        )
    finally:
        os.close(log)


def daemon_env(env: Mapping[str, str]) -> dict[str, str]:
    """What of a client's environment a daemon may have: where things are, and our own settings. No key, no PYTHON*."""
    return {
        name: value
        for name, value in env.items()
        if (name in _KEPT or name.startswith(_KEPT_PREFIXES)) and name != ATTEMPT_MARKER
    }


def _ask_manager(places: Places, manager: list[str], deadline: float) -> socket.socket:
    import subprocess

    asked = subprocess.run(manager, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
    if asked.returncode == 0:
        for pause in _pauses(deadline):
            if sock := connect(places):
                return sock
            time.sleep(pause)
    said = asked.stderr.strip().rstrip(".") or "the daemon does not answer"
    raise _unreachable(f"`{' '.join(manager)}` did not help: {said}", hint="Run `muxctl service status`.")


def _connect(path: str) -> socket.socket | None:
    if not path:
        return None
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(path)
        peer = peer_of(sock)
    except NO_SUCH_ADDRESS:
        sock.close()
        return None
    except OSError as error:
        sock.close()
        raise _unreachable(f"{path}: {error.strerror or error}") from error
    if not peer.trusted:
        sock.close()
        raise _unreachable(
            f"At {path} user {peer.uid} listens, not you", hint="Set MODELMUX_HOME to a folder of yours."
        )
    return sock


def _endpoint(places: Places) -> str:
    try:
        with open(places.endpoint, "rb") as file:
            path = os.fsdecode(file.read().rstrip(b"\n"))
    except NO_SUCH_ADDRESS:
        return ""
    return path if path.startswith("/") and path != places.socket else ""


def _pauses(deadline: float) -> Iterator[float]:
    """Pauses between looks, 5 to 50 ms, until the deadline."""
    pause = 0.005
    while time.monotonic() < deadline:
        yield pause
        pause = min(pause * 1.3, 0.05)


def _reap(child: subprocess.Popen[bytes]) -> None:
    """A client that lives long must collect its daemon, or that would stay as a zombie."""
    import threading

    threading.Thread(target=child.wait, daemon=True, name="reap-modelmuxd").start()


def _meaning(code: int) -> str:
    if code == EXIT_CONFIG:
        return "its configuration or state folder is not usable (exit 78)"
    return f"it was killed by signal {-code}" if code < 0 else f"exit {code}"


def _last_lines(places: Places, count: int = 12) -> str:
    try:
        with open(places.startup_log, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])


def _unreachable(message: str, said: str = "", code: int | None = None, *, hint: str = "") -> FaultError:
    from muxwire.faults import UNREACHABLE, refuse
    from muxwire.redact import redact

    text = redact(f"{message}: {said}" if said else f"{message}.")
    if not hint:
        hint = "Mend that and ask again." if code == EXIT_CONFIG else "`muxctl daemon run` shows it start."
    return refuse(UNREACHABLE, text, hint)
