"""Holds a tree against the structs of `model`: every unknown key and every wrong value, each with its place.

What is wrong is left out of the clean tree, so that the rest can still be shown; a list of tables with something wrong
in it is left out whole. Nothing is put in the place of what is missing here but the default.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from muxwire.faults import Fault
from muxwire.settings.model import Settings
from muxwire.settings.path import Origin, Path, dotted, fault, nearest
from muxwire.settings.tree import as_list, as_table

_KINDS = {bool: "true or false", str: "a text in quotes", int: "a whole number"}
_FOUND: dict[type, str] = {
    bool: "true or false",
    str: "a text",
    int: "a number",
    float: "a number with a fraction",
    list: "a list",
    dict: "a table",
    datetime.datetime: "a date",
    datetime.date: "a date",
    datetime.time: "a time",
}
_TOP = frozenset(field.name for field in msgspec.structs.fields(Settings))
_GONE = object()


def clean(data: Mapping[str, Any], origins: dict[Path, Origin]) -> tuple[dict[str, Any], list[Fault]]:
    """The tree without what is wrong in it, and a fault for each thing that is. Missing keys are not looked for."""
    walk = _Walk(origins)
    return walk.table(data, Settings, ()), walk.faults


def missing(data: Mapping[str, Any], origins: dict[Path, Origin]) -> tuple[dict[str, Any], list[Fault]]:
    """A clean, merged tree without the entries that lack a key they must have, and a fault for each of these."""
    walk = _Walk(origins, required=True)
    return walk.table(data, Settings, ()), walk.faults


class _Walk:
    def __init__(self, origins: dict[Path, Origin], *, required: bool = False) -> None:
        self.origins = origins
        self.required = required
        self.faults: list[Fault] = []

    def table(self, data: Mapping[str, Any], kind: type[msgspec.Struct], path: Path) -> Any:
        fields = _fields(kind)
        kept: dict[str, Any] = {}
        for key, value in data.items():
            if key not in fields:
                self._unknown((*path, key), fields)
            elif (good := self.value(value, fields[key].type, (*path, key))) is not _GONE:
                kept[key] = good
        lacking = [name for name, field in fields.items() if field.required and name not in kept]
        if self.required and lacking:
            self._lacking(path, lacking)
            return _GONE
        return kept

    def value(self, value: Any, kind: Any, path: Path) -> Any:
        bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            inner = as_table(value)
            return self._wrong(path, "a table", value) if inner is None else self.table(inner, bare, path)
        if get_origin(bare) is dict:
            return self._entries(value, get_args(bare)[1], path)
        if get_origin(bare) is tuple and _is_struct(get_args(bare)[0]):
            return self._rows(value, get_args(bare)[0], path)
        try:
            msgspec.convert(value, kind)
        except (msgspec.ValidationError, OverflowError):
            return self._wrong(path, expected(kind), value)
        return value

    def _entries(self, value: Any, kind: Any, path: Path) -> Any:
        if (table := as_table(value)) is None:
            return self._wrong(path, "a table", value)
        items = ((name, self.value(item, kind, (*path, name))) for name, item in table.items())
        return {name: item for name, item in items if item is not _GONE}

    def _rows(self, value: Any, kind: Any, path: Path) -> Any:
        if (given := as_list(value)) is None:
            return self._wrong(path, f"a list of tables, [[{dotted(path)}]]", value)
        before = len(self.faults)
        rows = [self.value(row, kind, (*path, index)) for index, row in enumerate(given)]
        return rows if len(self.faults) == before else _GONE

    def _wrong(self, path: Path, wanted: str, value: Any) -> object:
        found = f"it is {_found(value)}"
        if isinstance(value, str | int | float) and not isinstance(value, bool) and not secret(path):
            found = f"it is {shortened(value)}"
        self._fault(path, f"{dotted(path)} must be {wanted}; {found}.", "Correct the value.")
        return _GONE

    def _unknown(self, path: Path, valid: Mapping[str, object]) -> None:
        name, around = str(path[-1]), dotted(path[:-1])
        near = get_close_matches(name, valid, n=1, cutoff=0.5)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        if around and not near and name in _TOP:
            guess = " It belongs at the top of the file, before the first [table]."
        text = f"there is no key {shortened(name)} {f'in {around}' if around else 'at the top level'}.{guess}"
        names = sorted(valid)
        self._fault(path, text, f"Valid keys: {', '.join(names)}.", names)

    def _lacking(self, path: Path, names: list[str]) -> None:
        keys = " and ".join(repr(name) for name in names)
        self._fault(path, f"{dotted(path)} lacks {keys}.", f"Add {keys} there.")

    def _fault(self, path: Path, message: str, hint: str, choices: list[str] | None = None) -> None:
        self.faults.append(fault(nearest(self.origins, path), message, hint, choices or ()))


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """Kept, since resolving annotations is most of what a load costs."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _found(value: object) -> str:
    kind: type = type(value)
    return _FOUND.get(kind, kind.__name__)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def expected(kind: Any) -> str:
    """What a value of this type looks like, in words: `a whole number from 1 to 5`."""
    if get_origin(kind) is Annotated:
        inner, meta = get_args(kind)[:2]
        return meta.title or expected(inner) + _range(meta)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(f'"{word}"' for word in get_args(kind) if word)
    if get_origin(kind) is tuple:
        return "a list, each " + expected(get_args(kind)[0])
    return _KINDS[kind]


def _range(meta: msgspec.Meta) -> str:
    low = f" from {meta.ge}" if meta.ge is not None else ""
    return f"{low} to {meta.le}" if meta.le is not None else f"{low} up" if low else ""


def secret(path: Path) -> bool:
    """Whether a value may hold a secret and is therefore never shown."""
    return path[-1:] in (("token",), ("webhook_url",), ("webhook_secret",)) or "extra_env" in path


def shortened(value: object) -> str:
    """A value as an error shows it: one line, of harmless characters."""
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    text = text if len(text) <= 60 else f"{text[:59]}…"
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)
