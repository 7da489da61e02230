"""Rows and the structs they hold. Columns carry the names of the fields; nested values are JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from muxwire.faults import Fault
from muxwire.runs import Origin

from modelmuxd.domain.usage import Usage
from modelmuxd.store.interface import Attempt, Decided, NewTask, Task

S = TypeVar("S", bound=msgspec.Struct)

_NESTED: dict[str, msgspec.json.Decoder[Any]] = {
    "fault": msgspec.json.Decoder(Fault),
    "blocked": msgspec.json.Decoder(Fault),
    "usage": msgspec.json.Decoder(Usage),
    "origin": msgspec.json.Decoder(Origin),
    "env": msgspec.json.Decoder(dict[str, str]),
    "env_names": msgspec.json.Decoder(tuple[str, ...]),
    "argv": msgspec.json.Decoder(tuple[str, ...]),
    "data": msgspec.json.Decoder(dict[str, object]),
}
_FLAGS = frozenset({"failover", "canceling", "cumulative"})
_JSON = msgspec.json.Encoder()


class Rows(Generic[S]):
    """How one table holds one struct, but for the fields in `besides`, which are kept elsewhere."""

    def __init__(self, table: str, struct: type[S], *, key: Sequence[str], besides: Sequence[str] = ()) -> None:
        self.struct = struct
        self.fields = tuple(name for name in struct.__struct_fields__ if name not in besides)
        self.columns = ", ".join(f"{table}.{name}" for name in self.fields)
        """For a SELECT whose row `load` reads."""
        names = (*key, *(name for name in self.fields if name not in key))
        values = ", ".join(f":{name}" for name in names)
        self.insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"  # noqa: S608 - names, no values

    def values(self, item: S, **key: object) -> dict[str, object]:
        """The parameters of `insert`."""
        return {**{name: to_column(name, getattr(item, name)) for name in self.fields}, **key}

    def load(self, row: Sequence[Any], **others: object) -> S:
        """The struct in a row; types are as STRICT tables keep them, so nothing is validated again.

        A row may go on after the columns of this table."""
        return self.struct(
            **{name: _from_column(name, value) for name, value in zip(self.fields, row, strict=False)}, **others
        )


def to_column(name: str, value: object) -> object:
    """A field's value as SQLite keeps it."""
    if name in _NESTED and value is not None:
        return _JSON.encode(value).decode()
    return int(value) if isinstance(value, bool) else value


def _from_column(name: str, value: Any) -> Any:
    if name in _NESTED and value is not None:
        return _NESTED[name].decode(value)
    return bool(value) if name in _FLAGS else value


def assignments(changes: Mapping[str, object]) -> str:
    """`a = :a, b = :b`, for an UPDATE. The names are fields of our structs, never input."""
    return ", ".join(f"{name} = :{name}" for name in changes)


REQUESTS = Rows("requests", NewTask, key=("task_id",), besides=("run_id",))
TASKS = Rows("tasks", Task, key=("run_id",), besides=("new", "output"))
ATTEMPTS = Rows("attempts", Attempt, key=("task_id",), besides=("run_id", "usage"))
USAGE = Rows("usage", Usage, key=("task_id", "number"))
DECISIONS = Rows("decisions", Decided, key=("task_id", "at"))
