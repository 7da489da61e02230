"""Text to a Policy, or every fault in it with line and column. Nothing is guessed: what is doubtful is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from difflib import get_close_matches

import msgspec
from muxwire.faults import CONFIG, Fault
from muxwire.words import SANDBOXES

from modelmuxd.policy.members import Member, members
from modelmuxd.policy.rules import Policy

_TRAILING = re.compile(r",[ \t\r\n]*[}\]]")


def parse(raw: bytes, where: str = "policy.json") -> Policy | tuple[Fault, ...]:
    """The policy in a file's bytes, or all that is wrong with them. Empty bytes are an empty policy. Never raises."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode(errors="replace")
        return (_fault(where, before, len(before), "the file is not UTF-8.", "Save it as UTF-8."),)
    if not text.strip():
        return Policy()
    try:
        tree = json.loads(text)
    except json.JSONDecodeError as error:
        return (_syntax(where, text, error),)
    except (RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        return (_fault(where, text, 0, f"this is not JSON that can be read: {error}.", "Correct the file."),)
    if not isinstance(tree, dict):
        return (_fault(where, text, 0, "a policy is an object: { … }.", "Write {} for a policy that says nothing."),)
    return _build(where, text)


def _build(where: str, text: str) -> Policy | tuple[Fault, ...]:
    faults: list[Fault] = []
    seen: dict[str, object] = {}
    for member in members(text):
        if member.name in seen:
            faults.append(_fault(where, text, member.at, f"{member.name!r} is said twice.", "Remove one of them."))
        elif member.name not in _EXPECTED:
            faults.append(_unknown(where, text, member))
        else:
            expected, wrong = _EXPECTED[member.name]
            faults += [
                _fault(where, text, at, f"{member.name} must be {expected}.", "Correct the value.")
                for at in wrong(member)
            ]
        seen[member.name] = member.value
    return tuple(faults) or msgspec.convert(seen, Policy)


def _names(member: Member) -> list[int]:
    return _items(member, lambda item: isinstance(item, str) and bool(item.strip()))


def _sandboxes(member: Member) -> list[int]:
    return _items(member, lambda item: item in SANDBOXES)


def _folders(member: Member) -> list[int]:
    return _items(member, lambda item: isinstance(item, str) and item.startswith("/"))


def _items(member: Member, good: Callable[[object], bool]) -> list[int]:
    """Where the items stand that are not good; the value itself when it is no list."""
    if member.items is None:
        return [member.value_at]
    return [at for at, item in member.items if not good(item)]


def _count(member: Member) -> list[int]:
    value = member.value
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return [] if good else [member.value_at]


_EXPECTED: dict[str, tuple[str, Callable[[Member], list[int]]]] = {
    "allowed_providers": ("a list of providers' names", _names),
    "blocked_providers": ("a list of providers' names", _names),
    "allowed_models": ("a list of models' names, in which * stands for anything", _names),
    "blocked_models": ("a list of models' names, in which * stands for anything", _names),
    "allowed_workdirs": ("a list of absolute folders", _folders),
    "max_depth": ("a whole number, 0 for no limit", _count),
    "blocked_sandboxes": (f"a list of {', '.join(SANDBOXES)}", _sandboxes),
    "max_timeout": ("a whole number, 0 for no limit", _count),
    "max_calls_per_hour": ("a whole number, 0 for no limit", _count),
    "max_calls_per_day": ("a whole number, 0 for no limit", _count),
}
"""What each key must be, in words, and where in a member it is not."""


def _unknown(where: str, text: str, member: Member) -> Fault:
    near = get_close_matches(member.name, _EXPECTED, n=1, cutoff=0.5)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    hint = f"Valid keys: {', '.join(_EXPECTED)}."
    return _fault(where, text, member.at, f"there is no key {member.name!r}.{guess}", hint, tuple(_EXPECTED))


def _syntax(where: str, text: str, error: json.JSONDecodeError) -> Fault:
    """Python before 3.13 points behind a trailing comma and says something else: find the comma itself."""
    before = text.rfind(",", 0, error.pos + 1)
    if before >= 0 and (found := _TRAILING.match(text, before)) and found.end() > error.pos:
        return _fault(where, text, before, "a comma with nothing after it.", "Remove the comma.")
    return _fault(where, text, error.pos, f"this is not JSON: {error.msg}.", "Correct the JSON there.")


def _fault(where: str, text: str, at: int, message: str, hint: str, choices: tuple[str, ...] = ()) -> Fault:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return Fault(CONFIG, f"{where}:{line}:{column}: {message}", hint, choices=choices)
