"""`muxctl version`, the full way: no daemon is started to tell a version, and a daemon of another version is named."""

from __future__ import annotations

import sys
from typing import Any

from muxclients.cli.derive import command
from muxclients.hot.tables import VERSION


def run(_fields: dict[str, Any], json: bool) -> int:
    daemon = _daemon()
    if json:
        print(_json(daemon))
    elif daemon is None:
        print(f"modelmux {VERSION} (no daemon runs)")
    else:
        python = daemon.python.split()[0]
        running = f"daemon {daemon.version}, pid {daemon.pid}, protocol {daemon.protocol}, Python {python}"
        print(f"modelmux {VERSION} ({running})")
    return 0


def _daemon() -> Any:
    """What the running daemon says of itself; None when there is none. Raises FaultError when it does not answer."""
    from muxwire.methods import VERSION as METHOD

    from muxclients.cli.running import ask

    return ask(METHOD)


def _json(daemon: Any) -> str:
    import json

    if daemon is None:
        return json.dumps({"version": VERSION, "protocol": None, "pid": None, "python": sys.version.split()[0]})
    import msgspec

    other = {"client": VERSION} if daemon.version != VERSION else {}
    return msgspec.json.encode(msgspec.to_builtins(daemon) | other).decode()


version = command("version", run, examples=("muxctl version --json",))
