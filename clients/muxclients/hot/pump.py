"""A rendered call: hello and request in one write, then the bytes that come back are printed.

Without a daemon one is started, first of all: it loads while nothing else is to be done. `run` gives None whenever
this takes more than a pump: a word that is not plain, a daemon of another version. The full command line then does it
all again; nothing has been printed by then, and a dispatch carries a key, so that asking twice is one run.
"""

from __future__ import annotations

from muxwire.places import places

from muxclients import caller
from muxclients.hot import argv
from muxclients.hot.tables import HELLO, VERBS, VERSION
from muxclients.hot.wire import EXIT_UNREACHABLE, Unwritable, complain, connect, messages, send, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from muxclients.hot.wire import Wire

_CALL = 1
"""The id of the only call on this connection."""
_FOLLOWED = ("dispatch", "broadcast", "collaborate", "workflow", "attach", "retry")
"""Calls that follow a run, which has its own life."""
_DOING = ("dispatch", "broadcast", "collaborate", "workflow", "retry", "answer")
_ANEW = ("retry",)
"""Calls without a key: to ask twice, once the daemon has taken the first, would be two runs."""


def run(words: list[str]) -> int | None:
    """The exit code of a hot verb; None when it is for the full command line."""
    try:
        asked = argv.read(VERBS[words[0]], words[1:])
        if asked is None:
            return None
        return _ask(words[0], *asked)
    except (OSError, UnicodeDecodeError):
        return None


def _ask(method: str, fields: dict[str, Any], json: bool) -> int | None:
    fields = caller.complete(method, fields)
    try:
        sock = _reach(method)
    except OSError:
        return None
    except Exception as error:  # a daemon that cannot start: told by whoever tells all errors
        from muxclients.cli import failure

        return failure.tell(error, json=json)
    return exchange(sock, method, fields, caller.view(json=json))


def _reach(method: str) -> Wire:
    """Raises OSError where this takes more than starting a daemon, FaultError when its start fails."""
    try:
        return connect(places().socket)
    except (FileNotFoundError, ConnectionRefusedError):
        if method == "version":  # tells of our own without a daemon
            raise
    from muxclients.link.start import ensure_daemon

    return ensure_daemon(places())


def exchange(
    sock: Wire, method: str, fields: dict[str, Any], view: tuple[Any, ...], *, any_version: bool = False
) -> int | None:
    """Makes the call and prints what comes. None when nothing was printed and it is to be done in full.

    `any_version` is for those who have seen to the daemon's version already. What does something anew goes on with any:
    the daemon has it by the time we know, and speaks our protocol.
    """
    printed, run = False, ""
    try:
        send(sock, ("call", _CALL, method, fields, view), before=HELLO)
        for tag, _, *rest in messages(sock, "" if any_version or method in _DOING else VERSION):
            if tag == "exit":
                return int(rest[0])
            if tag == "print":
                printed = True
                write(*rest)
            elif tag == "need":
                send(sock, ("supply", _CALL, caller.values(rest[0])))
            elif tag == "named":
                run = rest[0]
            else:
                raise ValueError(tag)
    except Unwritable as error:
        return error.code
    except KeyboardInterrupt:
        return interrupted(method, fields, run)
    except (OSError, ValueError, IndexError):
        pass
    return _lost() if printed or (run and method in _ANEW) else None


def interrupted(method: str, fields: dict[str, Any], run: str) -> int:
    """^C: whoever follows a run leaves it alone, or not; see hot/interrupt.py."""
    if method not in _FOLLOWED:
        return 130
    from muxclients.hot import interrupt

    return interrupt.interrupted(run, cancels=bool(fields.get("cancel_on_hangup")))


def _lost() -> int:
    complain("\nerror: the daemon hung up; what it has accepted is not lost\n  → muxctl status\n")
    return EXIT_UNREACHABLE
