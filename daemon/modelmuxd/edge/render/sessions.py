"""`muxctl sessions`: the conversations that can go on, the last one first."""

from __future__ import annotations

import time

from muxwire.protocol import View
from muxwire.sessions import SessionList

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.layout import table

_DROP = (3, 2)


def sessions_text(found: SessionList, view: View) -> str:
    now = time.time()
    rows = [
        (
            one.session_id,
            one.provider,
            human.ago(one.last_at, now),
            "1 turn" if one.turns == 1 else f"{one.turns} turns",
            f"{clean.line(one.workdir)} · {clean.line(one.task)}",
        )
        for one in found.sessions
    ]
    return table(rows, view, drop=_DROP) or "No session can go on: no run has left one.\n"
