"""`muxctl queue`: what is paused, which accounts cool down, how much runs and waits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from muxwire.protocol import View
from muxwire.queue import AccountLine, PausedLine, QueueResult

from modelmuxd.edge.render import clean
from modelmuxd.edge.render.layout import cut, paint, room, table
from modelmuxd.engine.times import at


def queue_text(queue: QueueResult, view: View) -> str:
    head = f"{queue.running} running, {queue.waiting} waiting\n"
    return head + held_text(queue.paused, queue.accounts, time.time(), view)


def held_text(paused: Sequence[PausedLine], accounts: Sequence[AccountLine], now: float, view: View) -> str:
    """What keeps runs waiting, a line each; empty when nothing is paused, cools down or runs."""
    lines = [f"paused: {pause_text(one)}" for one in paused]
    wide = room(view)
    shown = [paint(line if wide is None else cut(line, wide), "yellow", view) + "\n" for line in lines]
    rows = [(one.account, f"{one.running} of {one.slots} running", standing(one, now)) for one in accounts]
    return "".join(shown) + table(rows, view, styles=[("", "dim", "yellow")] * len(rows), drop=(1,))


def pause_text(pause: PausedLine) -> str:
    return f"{clean.line(pause.provider) or 'all'}, by {clean.line(pause.by)}"


def standing(account: AccountLine, now: float) -> str:
    """Why nobody may ask this account now, and until when; empty when everybody may."""
    return "; ".join(_reasons(account, now))


def _reasons(account: AccountLine, now: float) -> Iterator[str]:
    if account.cooldown_until is not None:
        yield f"{account.cooldown_kind} until {at(account.cooldown_until, now)}: {account.cooldown_text}"
    if account.circuit == "open":
        opens = f" until {at(account.opens_until, now)}" if account.opens_until else ""
        yield f"circuit open{opens}"
    elif account.circuit == "half-open":
        yield "circuit half-open: one attempt probes it"
