"""Folders that are ours alone. The socket, the locks and the state are as safe as the folder they lie in."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from muxwire.faults import FaultError


def private_folder(path: str) -> str:
    """Make `path` (and missing parents) with mode 0700, or check that it already is ours alone.

    Raises FaultError(CONFIG) when it is a link, no folder, another user's, or open to group or others: we mend
    nothing that somebody else may have prepared, we say what is wrong.
    """
    _make(path)
    if reason := unsafe(path):
        raise _refusal(path, *reason)
    return path


def unsafe(path: str) -> tuple[str, str] | None:
    """Why the folder must not be used and what mends it, or None. Looks at the name itself, never through a link."""
    info = os.lstat(path)
    if stat.S_ISLNK(info.st_mode):
        return "is a link", "Replace it by a real folder, or name another place with MODELMUX_HOME."
    if not stat.S_ISDIR(info.st_mode):
        return "is not a folder", "Move it away."
    if not hasattr(os, "getuid"):
        return None  # Windows: the profile folder's own access list is the wall
    if info.st_uid != os.getuid():
        return f"belongs to user {info.st_uid}, not to you", "Name another place with MODELMUX_HOME."
    if stat.S_IMODE(info.st_mode) & 0o077:
        mode = stat.S_IMODE(info.st_mode)
        return f"is open to other users (mode {mode:o})", f"Run `chmod 700 {path}` if nobody else has been there."
    return None


def _make(path: str) -> None:
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        _make(parent)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
    except OSError as error:
        raise _refusal(path, f"cannot be made ({error.strerror})", "Name another place with MODELMUX_HOME.") from error


def _refusal(path: str, why: str, hint: str) -> FaultError:
    from muxwire.faults import CONFIG, refuse  # loaded only to complain: clients on their way in pay for imports

    return refuse(CONFIG, f"The folder {path} {why}.", hint)
