"""Reads a hot verb's words by its table. Whatever is not plain is left to the full command line, never guessed."""

from __future__ import annotations

from muxclients import caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from muxclients.hot.tables import Verb


def read(verb: Verb, words: list[str]) -> tuple[dict[str, Any], bool] | None:
    """The fields that the words give, and whether JSON is asked for; None when it takes more than this to tell.

    Raises UnicodeDecodeError for words that are no UTF-8.
    """
    flags = {flag: option for option in verb[2] for flag in option[1]}
    fields: dict[str, Any] = {}
    plain: list[str] = []
    json = False
    rest = iter(words)
    for word in rest:
        if word == "--":
            plain.extend(rest)
        elif word == "--json":
            json = True
        elif word[:1] != "-" or word == "-":
            plain.append(word)
        else:
            flag, _, inline = word.partition("=")
            option = flags.get(flag)
            if option is None or ("=" in word and (not inline or word[:2] != "--")):
                return None
            if not _take(option, flag, inline, rest, fields):
                return None
    return (fields, json) if _positional(verb[1], plain, fields) else None


def _take(option: Any, flag: str, inline: str, rest: Any, fields: dict[str, Any]) -> bool:
    """Puts one option's value into the fields; False when the value is not a plain one."""
    name, flags, kind = option[:3]
    if kind in ("flag", "toggle"):
        fields[name] = kind == "flag" or flag == flags[0]
        return not inline
    word = inline or next(rest, "-")
    value = None if word[:1] == "-" else _value(kind, option[4], caller.text(word))
    if value is None:
        return False
    fields[name] = [*fields.get(name, ()), value] if kind == "texts" else value
    return True


def _value(kind: str, limits: Any, word: str) -> Any:
    """The value, or None when the word is no plain value of this kind or out of its limits."""
    if kind in ("text", "texts"):
        return word
    if kind == "choice":
        return word if word in limits else None
    if not (word.isascii() and word.replace(".", "", kind == "float").isdigit()):
        return None
    number = int(word) if kind == "int" else float(word)
    low, high = limits
    return number if (low is None or number >= low) and (high is None or number <= high) else None


def _positional(positional: Any, plain: list[str], fields: dict[str, Any]) -> bool:
    if positional is None:
        return not plain
    name, kind, required = positional
    if not plain and not required:
        return True
    if kind == "words":
        fields[name] = caller.task(plain)
    elif kind == "one" and len(plain) == 1:
        fields[name] = caller.text(plain[0])
    elif kind == "many" and plain:
        fields[name] = [caller.text(word) for word in plain]
    else:
        return False
    return bool(fields[name])
