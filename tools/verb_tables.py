"""Writes clients/muxclients/hot/tables.py from the method table: `python tools/verb_tables.py`.

The hot verbs parse by it and click is built from it, so that there is one grammar and neither loads msgspec.
A test compares the file with what this gives.
"""

from __future__ import annotations

import pprint
import subprocess
import typing
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect
from muxwire import framing
from muxwire.hello import hello
from muxwire.methods import METHODS, Method
from muxwire.version import VERSION

TARGET = Path(__file__).parent.parent / "clients/muxclients/hot/tables.py"
LARGEST = 2**53
"""The bound of a number that declares none: what every reader of msgpack and JSON keeps exact."""

HEADER = '''"""The verbs' words, written by tools/verb_tables.py from muxwire/methods.py. Do not edit: run that."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Option = tuple[str, tuple[str, ...], str, Any, Any, str]
    """Field, flags, kind (text, texts, int, float, choice, flag, toggle), default, limits, help.

    Limits are (least, most) of a number and the words of a choice. A toggle has the flag for yes, then that for no.
    """
    Verb = tuple[str, tuple[str, str, bool] | None, tuple[Option, ...]]
    """Summary, positional (field, kind: one, many or words, required), options."""

'''


def main() -> None:
    TARGET.write_text(text())
    subprocess.run(["ruff", "format", "--quiet", str(TARGET)], check=True)


def text() -> str:
    """The module's whole text."""
    hot = {method.name: verb(method) for method in METHODS.values() if method.hot}
    others = {method.name: verb(method) for method in METHODS.values() if not method.hot}
    first = framing.frame(msgspec.msgpack.encode(hello("cli", version=VERSION)))
    parts = [f"VERSION = {VERSION!r}", f"HELLO = {first!r}", f"VERBS: dict[str, Verb] = {_source(hot)}"]
    parts.append(f"OTHERS: dict[str, Verb] = {_source(others)}")
    parts.append('"""Those that go through the full command line."""')
    return HEADER + "\n".join(parts) + "\n"


def _source(value: Any) -> str:
    return pprint.pformat(value, width=110, sort_dicts=False)


def verb(method: Method[Any, Any]) -> tuple[Any, ...]:
    """One method's words."""
    kind = inspect.type_info(method.params)
    assert isinstance(kind, inspect.StructType)
    positional, options = None, []
    for field in kind.fields:
        spelled = cli(field)
        if spelled.get("positional"):
            positional = (field.name, _count(field, spelled), field.required)
        elif spelled:
            options.append(option(field, tuple(spelled["flags"]), typing.get_type_hints(method.params)[field.name]))
    return method.summary, positional, tuple(options)


def cli(field: inspect.Field) -> dict[str, Any]:
    """How the field says it is spelled; empty when it is not for the command line."""
    meta = field.type
    found: dict[str, Any] = (meta.extra or {}).get("cli", {}) if isinstance(meta, inspect.Metadata) else {}
    return found


def _count(field: inspect.Field, spelled: dict[str, Any]) -> str:
    if spelled.get("words"):
        return "words"
    return "many" if isinstance(_bare(field.type), inspect.VarTupleType) else "one"


def option(field: inspect.Field, flags: tuple[str, ...], hint: Any) -> tuple[Any, ...]:
    assert isinstance(field.type, inspect.Metadata)
    kind, limits = _kind(_bare(field.type))
    if kind == "choice":
        limits = tuple(word for word in _words(hint) if word)  # an empty one is what holds where nobody says any
    if kind == "flag" and "/" in flags[0]:
        kind, flags = "toggle", tuple(flags[0].split("/"))
    default = None if field.default in (msgspec.NODEFAULT, ()) else field.default
    return field.name, flags, kind, default, limits, (field.type.extra_json_schema or {}).get("description", "")


def _words(hint: Any) -> tuple[str, ...]:
    """A Literal's words in the order they are written; msgspec sorts them."""
    inner = typing.get_args(hint)
    return inner if typing.get_origin(hint) is typing.Literal else _words(inner[0])


def _bare(kind: inspect.Type) -> inspect.Type:
    """Without metadata and without `| None`."""
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        return _bare(next(part for part in kind.types if not isinstance(part, inspect.NoneType)))
    return kind


def _kind(kind: inspect.Type) -> tuple[str, Any]:
    match kind:
        case inspect.BoolType():
            return "flag", None
        case inspect.IntType() | inspect.FloatType():
            name = "int" if isinstance(kind, inspect.IntType) else "float"
            return name, (-LARGEST if kind.ge is None else kind.ge, LARGEST if kind.le is None else kind.le)
        case inspect.LiteralType():
            return "choice", None
        case inspect.StrType():
            return "text", None
        case inspect.VarTupleType(item_type=inspect.StrType()):
            return "texts", None
        case _:
            raise TypeError(f"no option can be made of {kind}")


if __name__ == "__main__":
    main()
