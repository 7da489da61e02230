"""The faults that a client finds by itself: no daemon, a daemon that is gone, one that takes too long."""

from __future__ import annotations

from muxwire.faults import PROTOCOL, UNREACHABLE, FaultError, refuse

RESTART = "Run `muxctl daemon status`; `muxctl logs --daemon` says what happened."


def no_daemon(path: str, error: OSError) -> FaultError:
    return refuse(
        UNREACHABLE, f"No daemon answers at {path} ({error.strerror or error}).", "Run `muxctl daemon start`."
    )


def not_ours(path: str, uid: int) -> FaultError:
    """A socket that somebody else listens on gets neither tasks nor environment from us."""
    return refuse(UNREACHABLE, f"The socket {path} belongs to user {uid}.", "Remove it, or set MODELMUX_HOME.")


def lost() -> FaultError:
    """The connection ended with a call in flight; what the call had started goes on."""
    return refuse(UNREACHABLE, "The daemon hung up before it answered.", RESTART)


def slow(method: str, seconds: float) -> FaultError:
    return refuse(UNREACHABLE, f"The daemon has not answered {method!r} within {seconds:g} s.", RESTART)


def unreadable(error: Exception) -> FaultError:
    return refuse(PROTOCOL, f"The daemon's answer is unreadable: {error}.", "Run `muxctl daemon restart`.")
