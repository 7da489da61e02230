"""Commands that the daemon renders: what was typed goes to it, what comes back is printed."""

from __future__ import annotations

from functools import partial
from typing import Any

from muxclients import caller
from muxclients.cli.derive import command
from muxclients.hot import pump


def ask(method: str, fields: dict[str, Any], json: bool) -> int:
    """Makes the call, with a daemon that is started when there is none. Raises FaultError(UNREACHABLE)."""
    from muxwire.places import places

    from muxclients.link.start import ensure_daemon

    call = caller.complete(method, fields)
    code = pump.exchange(ensure_daemon(places()), method, call, caller.view(json=json), any_version=True)
    return hung_up(method) if code is None else code


def hung_up(method: str) -> int:
    """The daemon took the call and never answered."""
    from muxwire.faults import UNREACHABLE, refuse

    raise refuse(UNREACHABLE, f"The daemon hung up on {method!r}.", "Try again; `muxctl logs --daemon` may tell why.")


dispatch = command(
    "dispatch",
    partial(ask, "dispatch"),
    examples=(
        'muxctl dispatch "why does test_parse fail?"',
        'muxctl dispatch -p codex --sandbox write "mend it"',
        "git diff | muxctl dispatch -p claude --json | jq -r .output",
    ),
)
show = command("show", partial(ask, "show"), examples=("muxctl show 01kak3", "muxctl show 01kak3 --json | jq .result"))
wait = command("wait", partial(ask, "wait"), examples=("muxctl wait 01kak3 01kak4", "muxctl wait 01kak3 --wait 60"))
cancel = command("cancel", partial(ask, "cancel"), examples=("muxctl cancel 01kak3", "muxctl cancel --all"))
