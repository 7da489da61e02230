"""The patterns that there are: the built-in ones, and the user's over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
from muxwire.collaborate import PatternLine, RoleLine
from muxwire.faults import USAGE, refuse, unknown_name
from muxwire.settings.model import Pattern, PatternTurn

from modelmuxd.engine.plan import TaskSettings, wanted


@cache
def builtin() -> dict[str, Pattern]:
    return msgspec.toml.decode(Path(__file__).with_name("patterns.toml").read_bytes(), type=dict[str, Pattern])


def every(settings: TaskSettings) -> Mapping[str, Pattern]:
    return {**builtin(), **settings.patterns}


def chosen(name: str, words: Sequence[str], settings: TaskSettings) -> Pattern:
    """A pattern with its roles given to whom the caller says, each `role=provider`. Raises FaultError for unknown
    names."""
    patterns = every(settings)
    if name not in patterns:
        raise unknown_name("pattern", name, patterns)
    pattern, said = patterns[name], _said(words)
    roles = [turn.role for turn in pattern.turns]
    for role in said:
        if role not in roles:
            raise unknown_name(f"role in {name}", role, roles)
    turns = tuple(msgspec.structs.replace(turn, provider=said.get(turn.role, turn.provider)) for turn in pattern.turns)
    for turn in turns:
        wanted(turn.provider, settings)
    return msgspec.structs.replace(pattern, turns=_in_session(said, turns))


def _in_session(said: Mapping[str, str], turns: tuple[PatternTurn, ...]) -> tuple[PatternTurn, ...]:
    """Whoever goes on with another role's session is the same provider, unless the caller says otherwise."""
    who = {turn.role: turn.provider for turn in turns}
    return tuple(
        msgspec.structs.replace(turn, provider=who[turn.session])
        if turn.session and turn.role not in said and turn.session in said
        else turn
        for turn in turns
    )


def _said(words: Sequence[str]) -> dict[str, str]:
    said: dict[str, str] = {}
    for word in words:
        role, equals, provider = word.partition("=")
        if not (role and equals and provider):
            raise refuse(USAGE, f"{word!r} is no role=provider.", "Write, for example, reviewer=claude/opus.")
        said[role] = provider
    return said


def line_of(name: str, pattern: Pattern) -> PatternLine:
    roles = tuple(RoleLine(role=turn.role, provider=turn.provider, when=turn.when) for turn in pattern.turns)
    return PatternLine(name=name, description=pattern.description, max_rounds=pattern.max_rounds, roles=roles)
