"""Rows and the structs they hold. Columns carry the names of the fields; nested values are JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec
from muxwire.faults import Fault
from muxwire.runs import Changes, Origin, Verified
from muxwire.settings.model import Target

from modelmuxd.domain.account import Account
from modelmuxd.domain.bill import Bill
from modelmuxd.domain.knowledge import Judged, Routed
from modelmuxd.domain.plans import Plan
from modelmuxd.domain.rating import Rating
from modelmuxd.domain.trial import Trial
from modelmuxd.domain.usage import Usage
from modelmuxd.domain.worktree import Worktree
from modelmuxd.store.records import Attempt, Decided, NewTask, Task

S = TypeVar("S", bound=msgspec.Struct)

_FLAGS = frozenset({"failover", "canceling", "cleaned", "cumulative"})
_READ: dict[str, Callable[[Any], Any]] = {
    "fault": msgspec.json.Decoder(Fault).decode,
    "blocked": msgspec.json.Decoder(Fault).decode,
    "usage": msgspec.json.Decoder(Usage).decode,
    "shares": msgspec.json.Decoder(tuple[Usage, ...]).decode,
    "bill": msgspec.json.Decoder(Bill).decode,
    "changes": msgspec.json.Decoder(Changes).decode,
    "verified": msgspec.json.Decoder(Verified).decode,
    "routed": msgspec.json.Decoder(Routed).decode,
    "trial": msgspec.json.Decoder(Trial).decode,
    "judged": msgspec.json.Decoder(Judged).decode,
    "worktree": msgspec.json.Decoder(Worktree).decode,
    "plan": msgspec.json.Decoder(Plan).decode,
    "origin": msgspec.json.Decoder(Origin).decode,
    "env": msgspec.json.Decoder(dict[str, str]).decode,
    "after": msgspec.json.Decoder(tuple[str, ...]).decode,
    "notify": msgspec.json.Decoder(tuple[Target, ...]).decode,
    "env_names": msgspec.json.Decoder(tuple[str, ...]).decode,
    "argv": msgspec.json.Decoder(tuple[str, ...]).decode,
    "data": msgspec.json.Decoder(dict[str, object]).decode,
    **dict.fromkeys(_FLAGS, bool),
}
"""Columns that do not hold the field's value itself, and how to read them."""

_JSON = msgspec.json.Encoder()


class Rows(Generic[S]):
    """How one table holds one struct, but for the fields in `besides`, which are kept elsewhere."""

    def __init__(self, table: str, struct: type[S], *, key: Sequence[str], besides: Sequence[str] = ()) -> None:
        self.struct = struct
        self.fields = tuple(name for name in struct.__struct_fields__ if name not in besides)
        self.columns = ", ".join(f"{table}.{name}" for name in self.fields)
        """For a SELECT whose row `load` reads."""
        self._nested = tuple((name, _READ[name]) for name in self.fields if name in _READ)
        self._json = [(at, name) for at, name in enumerate(self.fields) if name in _READ and name not in _FLAGS]
        self._read = attrgetter(*self.fields)
        self._key = tuple(key)
        names = (*key, *self.fields)
        self.insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names, no values

    def values(self, item: S, **key: object) -> tuple[object, ...]:
        """The parameters of `insert`: the key first, then the fields."""
        row = list(self._read(item))
        for at, name in self._json:
            row[at] = to_column(name, row[at])
        return (*(key[name] for name in self._key), *row)

    def load(self, row: Sequence[Any], **others: object) -> S:
        """The struct in a row, which may go on after the columns of this table.

        Types are as STRICT tables keep them, so nothing is validated again.
        """
        kept = dict(zip(self.fields, row, strict=False))
        for name, read in self._nested:
            if kept[name] is not None:
                kept[name] = read(kept[name])
        return self.struct(**kept, **others)


def to_column(name: str, value: object) -> object:
    """A field's value as SQLite keeps it; bools it keeps as 0 and 1 by itself."""
    return _JSON.encode(value).decode() if name in _READ and name not in _FLAGS and value is not None else value


def assignments(changes: Mapping[str, object]) -> str:
    """`a = :a, b = :b`, for an UPDATE. The names are fields of our structs, never input."""
    return ", ".join(f"{name} = :{name}" for name in changes)


REQUESTS = Rows("requests", NewTask, key=("task_id",), besides=("run_id",))
TASKS = Rows("tasks", Task, key=("run_id",), besides=("new", "output"))
ATTEMPTS = Rows("attempts", Attempt, key=("task_id",), besides=("run_id", "usage"))
USAGE = Rows("usage", Usage, key=("task_id", "number"))
ACCOUNTS = Rows("accounts", Account, key=())
RATINGS = Rows("ratings", Rating, key=("task_id",), besides=("run_id",))
DECISIONS = Rows("decisions", Decided, key=("task_id", "at"))
