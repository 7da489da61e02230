"""Signals in the order in which they came, and the knowledge that was made of the first of them.

A signal is written with the outcome that it tells of. Knowledge itself is made of them outside; what is kept here is
the knowledge as of some signal, so that a start need not read all of them again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from modelmuxd.domain.knowledge import Knowledge, Signal

KEPT = 10_000
"""Signals kept behind the knowledge that was made of them. Older ones have faded to nothing in it."""

_SIGNAL = msgspec.json.Decoder(Signal)
_KNOWLEDGE = msgspec.json.Decoder(Knowledge)
_JSON = msgspec.json.Encoder()


def learn(db: sqlite3.Connection, signals: Sequence[Signal]) -> int:
    """Write them down; returns the number of the newest one there is."""
    db.executemany("INSERT INTO signals (body) VALUES (?)", [(_JSON.encode(each).decode(),) for each in signals])
    return _newest(db)


def knowledge(db: sqlite3.Connection) -> tuple[Knowledge, int]:
    """What was kept last, and the number of the last signal in it."""
    body, through = db.execute("SELECT body, through FROM knowledge WHERE id = 1").fetchone()
    return _KNOWLEDGE.decode(body), through


def signals(db: sqlite3.Connection, since: int, limit: int) -> list[tuple[int, Signal]]:
    """Those after the number `since`, oldest first."""
    rows = db.execute("SELECT id, body FROM signals WHERE id > ? ORDER BY id LIMIT ?", (since, limit))
    return [(number, _SIGNAL.decode(body)) for number, body in rows]


def keep(db: sqlite3.Connection, made: Knowledge, through: int) -> None:
    """Keep what was made of the signals up to `through`, unless something newer is kept."""
    row = (_JSON.encode(made).decode(), through, through)
    if db.execute("UPDATE knowledge SET body = ?, through = ? WHERE id = 1 AND through < ?", row).rowcount:
        db.execute("DELETE FROM signals WHERE id <= ?", (through - KEPT,))


def replace(db: sqlite3.Connection, made: Knowledge) -> int:
    """Forget what was learned so far and go on from this; returns the number of the last signal that is forgotten."""
    newest = _newest(db)
    db.execute("UPDATE knowledge SET body = ?, through = ? WHERE id = 1", (_JSON.encode(made).decode(), newest))
    return newest


def _newest(db: sqlite3.Connection) -> int:
    """The newest is never dropped, so that no number is given twice."""
    return db.execute("SELECT max(id) FROM signals").fetchone()[0] or 0
