"""`muxctl queue`: what is paused, which accounts cool down, how much runs and waits."""

from __future__ import annotations

from muxwire.protocol import View
from muxwire.runs import AccountLine, QueueResult

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.layout import table


def queue_text(queue: QueueResult, view: View) -> str:
    lines = [f"{queue.running} running, {queue.waiting} waiting\n"]
    lines += [f"paused: {clean.line(one.provider) or 'all'}, by {clean.line(one.by)}\n" for one in queue.paused]
    rows = [(one.account, f"{one.running} of {one.slots} running", _standing(one)) for one in queue.accounts]
    return "".join(lines) + (table(rows, view) if rows else "")


def _standing(one: AccountLine) -> str:
    if one.cooldown_until is not None:
        return one.cooldown_text
    if one.circuit == "closed":
        return ""
    opens = f" until {human.clock(one.opens_until)}" if one.circuit == "open" and one.opens_until else ""
    return f"circuit {one.circuit}{opens}"
