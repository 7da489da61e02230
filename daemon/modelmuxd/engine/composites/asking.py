"""From what a client asks to a plan. Pure; raises FaultError for what could never run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from muxwire.broadcast import BroadcastParams
from muxwire.collaborate import CollaborateParams
from muxwire.faults import NO_PROVIDER, USAGE, refuse
from muxwire.runs import DispatchParams
from muxwire.settings.model import Pattern

from modelmuxd.domain.plans import Broadcast, Collaboration, Member
from modelmuxd.engine.plan import TaskSettings, split_provider, wanted


def as_dispatch(params: msgspec.Struct) -> DispatchParams:
    """What a composite's request has in common with a dispatch; its time counts from now, waiting included."""
    names = set(DispatchParams.__struct_fields__) & set(params.__struct_fields__)
    common = {name: getattr(params, name) for name in names}
    return DispatchParams(**{**common, "deadline": common["timeout"]})


def members_of(words: Sequence[str], model: str, settings: TaskSettings) -> tuple[Member, ...]:
    """Who is asked; whoever is named twice gets a number. Raises FaultError for a name that nobody has."""
    seen: Counter[str] = Counter()
    members = []
    for word in words:
        provider, own = split_provider(word, "")
        if provider == "auto":
            hint = "Name providers, or leave --providers out to ask all that are usable."
            raise refuse(USAGE, "`auto` is nobody in particular.", hint)
        wanted(provider, settings)
        seen[word] += 1
        name = word if seen[word] == 1 else f"{word}#{seen[word]}"
        members.append(Member(name=name, provider=provider, model=own or model))
    return tuple(members)


def broadcast_of(params: BroadcastParams, members: tuple[Member, ...], judge: Member | None, timeout: int) -> Broadcast:
    """`timeout` is each member's."""
    if not members:
        raise refuse(NO_PROVIDER, "No agent can be asked: none is usable here.", "See `muxctl check`.")
    if params.sandbox != "read-only" and not params.worktree:
        hint = "Add --worktree: each then has a folder of its own."
        raise refuse(USAGE, "All members would write in the same folder.", hint)
    if params.quorum and params.all:
        raise refuse(USAGE, "With a quorum not all are waited for.", "Leave out --quorum or --all.")
    if params.quorum > len(members):
        text = f"A quorum of {params.quorum} of {len(members)} members can never be."
        raise refuse(USAGE, text, "Ask more members, or lower --quorum.")
    needed = len(members) if params.all else params.quorum or 1
    return Broadcast(
        members=members,
        timeout=timeout,
        quorum=params.quorum,
        needed=needed,
        compare=params.compare or judge is not None,
        judge=judge,
        worktree=params.worktree,
        carry=params.carry,
    )


def collaboration_of(params: CollaborateParams, pattern: Pattern, timeout: int) -> Collaboration:
    """`timeout` is each turn's."""
    return Collaboration(
        name=params.pattern,
        pattern=pattern,
        max_rounds=params.max_rounds or pattern.max_rounds,
        timeout=timeout,
    )
