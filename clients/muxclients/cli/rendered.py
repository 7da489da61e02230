"""Commands that the daemon renders: what was typed goes to it, what comes back is printed."""

from __future__ import annotations

from functools import partial
from typing import Any

from muxwire.places import places

from muxclients import caller
from muxclients.cli.derive import command
from muxclients.hot import pump, wire


def ask(method: str, fields: dict[str, Any], json: bool) -> int:
    """Makes the call and prints what comes. Raises FaultError as `link.reach` does."""
    fields, view = caller.complete(method, fields), caller.view(json=json)
    code = _as_it_runs(method, fields, view)
    return _whatever_it_takes(method, fields, view) if code is None else code


def _as_it_runs(method: str, fields: dict[str, Any], view: tuple[Any, ...]) -> int | None:
    """With the daemon of our version that is there: this loads no msgspec."""
    try:
        sock = wire.connect(places().socket)
    except OSError:
        return None
    return pump.exchange(sock, method, fields, view)


def _whatever_it_takes(method: str, fields: dict[str, Any], view: tuple[Any, ...]) -> int:
    """Starts a daemon where there is none, and replaces one that is older."""
    import msgspec
    from muxwire.methods import METHODS
    from muxwire.protocol import View

    from muxclients.link.reach import reach

    asked = METHODS[method]
    run: list[str] = []
    try:
        with reach("cli", supplier=caller.values) as client:
            params = msgspec.convert(fields, asked.params)
            return client.rendered(asked, params, View(*view), wire.write, on_named=run.append)
    except wire.Unwritable as error:
        return error.code
    except KeyboardInterrupt:
        return pump.interrupted(method, fields, run[-1] if run else "")


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
attach = command("attach", partial(ask, "attach"), examples=("muxctl attach 01kak3",))
route = command(
    "route",
    partial(ask, "route"),
    examples=('muxctl route "fix this"', "muxctl route --prefer cheap x"),
)
why = command("why", partial(ask, "why"), examples=("muxctl why 01kak3",))
retry = command("retry", partial(ask, "retry"), examples=("muxctl retry 01kak3", "muxctl retry 01kak3 -p claude"))
sessions = command("sessions", partial(ask, "sessions"), examples=("muxctl sessions",))
history = command(
    "history",
    partial(ask, "history"),
    examples=(
        "muxctl history --search 'login 登录' --since 7d",
        "muxctl history --stats --costs",
        "muxctl history --trend day --since 30d",
    ),
)
feedback = command(
    "feedback",
    partial(ask, "feedback"),
    examples=("muxctl feedback --run-id 01kak3 --rating 5", "muxctl feedback --list"),
)
diff = command("diff", partial(ask, "diff"), examples=("muxctl diff 01kak3", "muxctl diff 01kak3 | git apply --3way"))
apply = command("apply", partial(ask, "apply"), examples=("muxctl apply 01kak3",))
discard = command("discard", partial(ask, "discard"), examples=("muxctl discard 01kak3",))
audit = command(
    "audit",
    partial(ask, "audit"),
    examples=("muxctl audit --since 7d --kind refuse", "muxctl audit -n 0 --json > audit.jsonl"),
)
