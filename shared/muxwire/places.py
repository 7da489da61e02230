"""Where things live. One answer for every process of a user; strings only, since every client pays for this import.

`MODELMUX_HOME` overrides all: `$MODELMUX_HOME/{config,state,run}`. Else configuration is in
`$XDG_CONFIG_HOME/modelmux` (default `~/.config/modelmux`) on every Unix, state in the platform's state folder, and the
socket in `$XDG_RUNTIME_DIR/modelmux` or, where there is none, in `run` beside the state.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # not imported at run time: hot clients load this module
    from collections.abc import Mapping

MAX_SOCKET_PATH = 103
"""Bytes a socket's path may have: macOS allows 104 with the final zero, Linux 108 (unix(7))."""

SYSTEMD_SOCKET = "modelmuxd.socket"
SYSTEMD_SERVICE = "modelmuxd.service"
LAUNCHD_LABEL = "dev.modelmux.modelmuxd"


class Places:
    """The folders, and every file of ours that more than one module names. Folders are 0700, files 0600."""

    __slots__ = ("config", "runtime", "state")

    def __init__(self, config: str, state: str, runtime: str) -> None:
        self.config = config
        self.state = state
        self.runtime = runtime

    def __repr__(self) -> str:
        return f"Places(config={self.config!r}, state={self.state!r}, runtime={self.runtime!r})"

    @property
    def socket(self) -> str:
        """The daemon's address; moved to a short per-user folder when the path would not fit into sockaddr_un."""
        path = f"{self.runtime}/mux.sock"
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
            return path
        from hashlib import blake2s

        name = blake2s(os.fsencode(path), digest_size=8).hexdigest()
        return f"/tmp/modelmux-{os.getuid()}/{name}.sock"  # noqa: S108 - the folder's owner and mode are checked

    @property
    def endpoint(self) -> str:
        """Names the socket that the running daemon really uses, for clients whose environment says otherwise."""
        return f"{self.state}/endpoint"

    @property
    def spawn_lock(self) -> str:
        """Held by a client while it starts a daemon."""
        return f"{self.state}/spawn.lock"

    @property
    def daemon_lock(self) -> str:
        """Held by the daemon for life; the file stays."""
        return f"{self.state}/modelmuxd.lock"

    @property
    def startup_log(self) -> str:
        """stderr of the last daemon that a client started, until its own log is open."""
        return f"{self.state}/startup.log"

    @property
    def log(self) -> str:
        return f"{self.state}/modelmuxd.log"

    @property
    def database(self) -> str:
        return f"{self.state}/modelmux.db"

    @property
    def spool(self) -> str:
        """One folder per attempt below it."""
        return f"{self.state}/spool"

    @property
    def worktrees(self) -> str:
        """One folder per git worktree below it."""
        return f"{self.state}/worktrees"

    @property
    def trusted(self) -> str:
        """The projects whose own settings the user trusts."""
        return f"{self.state}/trusted.json"

    @property
    def check_cache(self) -> str:
        return f"{self.state}/check.json"

    @property
    def profiles(self) -> str:
        return f"{self.config}/profiles.toml"

    @property
    def adapters(self) -> str:
        """The user's own adapters, a Python file each."""
        return f"{self.config}/adapters"

    @property
    def policy(self) -> str:
        return f"{self.config}/policy.json"


def places(env: Mapping[str, str] = os.environ) -> Places:
    """The places that this environment means."""
    if root := env.get("MODELMUX_HOME"):
        root = os.path.abspath(root)
        return Places(f"{root}/config", f"{root}/state", f"{root}/run")
    home = env.get("HOME") or os.path.expanduser("~")
    config = f"{env.get('XDG_CONFIG_HOME') or home + '/.config'}/modelmux"
    if sys.platform in ("darwin", "win32"):
        from platformdirs import user_state_path

        state = str(user_state_path("modelmux", appauthor=False))
    else:
        state = f"{env.get('XDG_STATE_HOME') or home + '/.local/state'}/modelmux"
    runtime = env.get("XDG_RUNTIME_DIR")
    return Places(config, state, f"{runtime}/modelmux" if runtime else f"{state}/run")
