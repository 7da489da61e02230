"""What may run at all, on every path: the policy's word and the limits against loops."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

import msgspec
from muxwire.faults import POLICY, Fault
from muxwire.policy import PolicyReport
from muxwire.runs import DispatchParams
from muxwire.settings.model import BUILTINS, Limits

from modelmuxd.domain.budget import CallLimit
from modelmuxd.engine.plan import split_provider
from modelmuxd.policy import phases
from modelmuxd.policy.state import PolicyState, closed
from modelmuxd.store.interface import TaskStore

MINUTE = 60.0


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Where a new run would stand: below the run whose agent asks for it."""

    parent: str = ""
    root: str = ""
    depth: int = 0
    siblings: int = 0
    """Runs that the same agent has asked for in the last minute."""


class Governor:
    """Asked before a run is accepted, of each candidate and with each claim; by the policy as it then is."""

    def __init__(self, policy: Callable[[], PolicyState], limits: Limits, providers: Collection[str]) -> None:
        self._policy = policy
        self._limits = limits
        self._providers = {name.casefold() for name in (*BUILTINS, *providers)}

    def timeout(self, asked: int | None) -> int:
        """Seconds that a run may take."""
        return phases.timeout(self._policy().policy, asked, self._limits.timeout)

    def refused(self, params: DispatchParams, family: Family) -> Fault | None:
        """Why the request is refused whoever might take it. Looks at the disk when folders are limited."""
        state = self._policy()
        provider, model = split_provider(params.provider, params.model)
        folder = os.path.realpath(params.workdir) if state.policy.allowed_workdirs else params.workdir
        asked = phases.Asked(
            provider=provider,
            model=model,
            sandbox=params.sandbox,
            workdir=folder,
            timeout=params.timeout,
            depth=family.depth,
        )
        return closed(state) or phases.refused(state.policy, asked) or self._loops(family)

    def excluded(self, provider: str, model: str) -> str:
        """Why a candidate is out; empty when it is not."""
        return phases.excluded(self._policy().policy, provider, model)

    def closed(self) -> Fault | None:
        """Why nothing may run at all."""
        return closed(self._policy())

    def calls(self) -> tuple[CallLimit, ...]:
        """What is counted with a claim."""
        windows = phases.windows(self._policy().policy)
        return tuple(CallLimit(key=one.key, seconds=one.seconds, most=one.most) for one in windows)

    def report(self, calls: tuple[int, int]) -> PolicyReport:
        """What holds; `calls` are the attempts of the last hour and day."""
        state = self._policy()
        says = {key: getattr(state.policy, key) for key in state.policy.entries}
        named = {*state.policy.allowed_providers, *state.policy.blocked_providers}
        unknown = sorted(name for name in named if name.casefold() not in self._providers)
        return PolicyReport(
            where=state.where,
            says=says,
            faults=state.faults,
            closed=closed(state) is not None,
            calls_last_hour=calls[0],
            calls_last_day=calls[1],
            unknown=tuple(unknown),
        )

    def _loops(self, family: Family) -> Fault | None:
        limits = self._limits
        if family.depth > limits.depth:
            text = f"{family.depth} runs would stand above this one, and limits.depth is {limits.depth}."
            return Fault(POLICY, text, "Let the agent do the task itself, or raise limits.depth in profiles.toml.")
        if family.siblings >= limits.per_minute:
            text = f"Run {family.parent} has asked for {family.siblings} runs within a minute (limits.per_minute)."
            return Fault(POLICY, text, "Wait a minute, or raise limits.per_minute in profiles.toml.")
        return None


async def family_of(store: TaskStore, parent: str, now: float) -> Family:
    """Of a run that this one's agent asks for; of nobody's when that is empty. Raises FaultError(NOT_FOUND)."""
    if not parent:
        return Family()
    above = (await store.find(parent)).new
    siblings = await store.spawned(parent, now - MINUTE)
    return Family(parent=parent, root=above.root or above.run_id, depth=above.depth + 1, siblings=siblings)
