"""Which providers could take a task, and in which order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec
from muxwire.faults import BUDGET, CALLER, LOST, NO_PROVIDER, POLICY, Fault, FaultError, unknown_name
from muxwire.settings.model import Budgets, Notifications, OnTimeout, Pattern, Verify, Workflow
from muxwire.words import Sandbox

from modelmuxd.adapters.base import Adapter
from modelmuxd.domain.bill import Billing, Price
from modelmuxd.domain.decision import Candidate, Ranked
from modelmuxd.domain.knowledge import Knowledge
from modelmuxd.domain.request import ProviderSettings, Request
from modelmuxd.engine.choice import asked_of, explain
from modelmuxd.engine.located import Located, under_profile
from modelmuxd.engine.retry import eligible
from modelmuxd.routing.router import PREFER, Preferences, rank
from modelmuxd.store.records import Attempt, Decided, NewTask, Task


class TaskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say for one task: its project's and profile's words, resolved."""

    adapters: Mapping[str, Adapter]
    """Every provider that there is for this task: the built-in ones and those that the settings define."""
    own: frozenset[str] = frozenset()
    """Names of those that are not built in: the settings define them, or a plugin."""
    strict: bool = False
    """Refuse a provider that cannot enforce its sandbox."""
    profile: Mapping[str, ProviderSettings] = {}
    preferences: Preferences = Preferences()
    disabled: frozenset[str] = frozenset()
    caller_override: str = ""
    auto_exclude_caller: bool = True
    copied: tuple[str, ...] = ()
    """Ignored files that go along into a worktree."""
    verify: Verify = Verify()
    notifications: Notifications = Notifications()
    prices: tuple[Price, ...] = ()
    """The user's own."""
    budgets: Budgets = Budgets()
    profile_name: str = "default"
    patterns: Mapping[str, Pattern] = {}
    workflows: Mapping[str, Workflow] = {}
    """Both of the user's own."""

    def window(self, provider: str) -> int:
        """Tokens that a provider's models take at least; 0 when that is not known."""
        adapter = self.adapters.get(provider)
        return adapter.window if adapter else 0

    @property
    def unasked(self) -> list[Adapter]:
        """Whom `auto` and a failover may take: of the user's own only those that a rule of his names."""
        meant = {self.preferences.default_provider, *(rule.provider for rule in self.preferences.rules)}
        return [one for one in self.adapters.values() if one.name not in self.own or one.name in meant]

    def preferring(self, word: str) -> Preferences:
        """The preferences, with what this run's user says counts most."""
        return msgspec.structs.replace(self.preferences, weights=PREFER[word]) if word else self.preferences

    def of(self, provider: str) -> ProviderSettings:
        return self.profile.get(provider, ProviderSettings())


class SettingsFor(Protocol):
    async def __call__(self, workdir: str, profile: str) -> TaskSettings:
        """Raises FaultError when the settings in force cannot be used."""
        ...


class Locate(Protocol):
    async def __call__(self, adapter: Adapter, env: Mapping[str, str], names: frozenset[str]) -> Located: ...


Known = Callable[[], Awaitable[Knowledge]]
Excluded = Callable[[str, str], str]
"""Why the policy rules out a provider with a model; empty when it does not."""


class TooDear(Protocol):
    async def __call__(
        self, task: NewTask, attempts: Sequence[Attempt], settings: TaskSettings, one: Candidate, billing: Billing
    ) -> str:
        """Why its next attempt may take the run beyond its `max_cost`; empty when it does not."""
        ...


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The candidates worth trying, best first; with none, the fault that ends the task."""

    ranked: tuple[Ranked, ...] = ()
    located: Mapping[str, Located] = {}
    fault: Fault | None = None
    decision: Decided


def split_provider(provider: str, model: str) -> tuple[str, str]:
    """`provider/model` in one word, as 0.29 has it; an explicit model wins."""
    name, _, named = provider.partition("/")
    return name, model or named


def account_of(provider: str, settings: ProviderSettings) -> str:
    """Whose slots and quota a run uses."""
    return f"{provider}@{settings.base_url}" if settings.base_url else provider


def wanted(provider: str, settings: TaskSettings) -> list[Adapter]:
    """The adapters that a task's `provider` names. Raises FaultError for an unknown name: never a substitution."""
    name, _ = split_provider(provider, "")
    if name == "auto":
        return settings.unasked
    if name not in settings.adapters:
        raise unknown_name("provider", name, [*settings.adapters, "auto"])
    return [settings.adapters[name]]


class Planner:
    """Looks the candidates up on the caller's PATH and ranks them."""

    def __init__(
        self, locate: Locate, excluded: Excluded, too_dear: TooDear, known: Known, on_timeout: OnTimeout = "give up"
    ) -> None:
        self._locate = locate
        self._excluded = excluded
        self._too_dear = too_dear
        self._known = known
        self.on_timeout: OnTimeout = on_timeout

    async def plan(self, whole: Task, attempts: Sequence[Attempt], settings: TaskSettings) -> Plan:
        """Rank what can be used and has not been spent by earlier attempts."""
        task, adapters = whole.new, self._worth_asking(whole, attempts, settings)
        names = frozenset(task.env_names)
        located = {
            one.name: under_profile(await self._locate(one, task.env, names), one, settings.of(one.name), names)
            for one in adapters
        }
        candidates = [self._permitted(self._candidate(one, located[one.name], task, settings)) for one in adapters]
        if task.max_cost_micros is not None or task.origin.parent:
            candidates = [
                await self._paid(one, located[one.provider].login.billing, task, attempts, settings)
                for one in candidates
            ]
        usable = [one for one in candidates if self._unspent(one.provider, attempts, task.max_retries, settings)]
        ranking = rank(asked_of(task), usable, settings.preferring(task.prefer), await self._known())
        ranked = _first(ranking.ranked, attempts[-1].provider if attempts else named(task))
        return Plan(
            ranked=ranked,
            located=located,
            fault=None if ranked else _nobody(candidates),
            decision=explain(ranking, ranked),
        )

    def _unspent(self, provider: str, attempts: Sequence[Attempt], max_retries: int, settings: TaskSettings) -> bool:
        """Whether another attempt at this provider may help."""
        too_small = [settings.window(one.provider) for one in attempts if one.state == "context_too_long"]
        if too_small and (0 in too_small or settings.window(provider) <= max(too_small)):
            return False  # not known to be larger
        return eligible(faults_of(attempts, provider), max_retries, self.on_timeout)

    def _worth_asking(self, whole: Task, attempts: Sequence[Attempt], settings: TaskSettings) -> list[Adapter]:
        """Whom the task names; with failover all others too, but those that the user has switched off. A session, and
        an answer, can only go to whoever has it."""
        task, adapters = whole.new, wanted(whole.new.provider, settings)
        if whole.answer and attempts:
            return [one for one in settings.adapters.values() if one.name == attempts[-1].provider]
        if task.failover and not task.session_id:
            first, others = named(task), [one for one in settings.unasked if one.name not in settings.disabled]
            return [one for one in settings.adapters.values() if one.name == first or one in others]
        if attempts:  # the first choice stands
            return [one for one in adapters if one.name == attempts[0].provider]
        return [one for one in adapters if len(adapters) == 1 or one.name not in settings.disabled]

    def _candidate(self, adapter: Adapter, found: Located, task: NewTask, settings: TaskSettings) -> Candidate:
        chosen = settings.of(adapter.name)
        fault = found.fault
        fault = fault or _denied(adapter, task.sandbox)
        if fault and fault.code == "auth" and chosen.api_key_env in task.env_names:
            fault = None  # the profile brings a key of its own
        fault = fault or _calls(adapter, task)
        return Candidate(
            provider=adapter.name,
            account=account_of(adapter.name, chosen),
            model=_model(task, adapter.name) or chosen.model,
            available=fault is None,
            fault=fault.code if fault else "",
            why=f"{fault.message} {fault.hint}".strip() if fault else "",
        )

    def _permitted(self, candidate: Candidate) -> Candidate:
        why = self._excluded(candidate.provider, candidate.model)
        return msgspec.structs.replace(candidate, available=False, fault=POLICY, why=why) if why else candidate

    async def _paid(
        self, one: Candidate, billing: Billing, task: NewTask, attempts: Sequence[Attempt], settings: TaskSettings
    ) -> Candidate:
        why = await self._too_dear(task, attempts, settings, one, billing) if one.available else ""
        return msgspec.structs.replace(one, available=False, fault=BUDGET, why=why) if why else one


def _denied(adapter: Adapter, sandbox: Sandbox) -> Fault | None:
    """Whether it would refuse this sandbox word whatever the task: then it is no candidate."""
    try:
        adapter.prepare(Request(task="?", program="/", workdir="/", folder="/", sandbox=sandbox))
    except FaultError as error:
        return error.fault if error.fault.code == "sandbox_denied" else None
    return None


def _calls(adapter: Adapter, task: NewTask) -> Fault | None:
    """Whether it is the one that asks for help."""
    if adapter.name != task.caller_excluded:
        return None
    text = f"{adapter.title} is the caller, and auto_exclude_caller leaves it out."
    return Fault(CALLER, text, f"Name it to ask it all the same: -p {adapter.name}.")


def left_by(tried: list[Attempt], provider: str) -> str:
    """The session that its last attempt left behind when it was lost; empty for none."""
    last = tried[-1] if tried else None
    return last.session_id if last and last.provider == provider and last.state == LOST else ""


def session_of(task: Task) -> str:
    """The session that its next attempt goes on with: its caller's, or the one that asked and has its answer."""
    return task.new.session_id or (task.session_id if task.answer else "")


def faults_of(attempts: Sequence[Attempt], provider: str) -> list[Fault]:
    """How one provider's attempts ended, oldest first."""
    return [one.fault or Fault(code="lost", message="") for one in attempts if one.provider == provider]


def named(task: NewTask) -> str:
    """The provider that the task asks for; empty for `auto`."""
    name, _ = split_provider(task.provider, "")
    return "" if name == "auto" else name


def _model(task: NewTask, provider: str) -> str:
    """The model asked for, which is one provider's: nobody else is asked for it."""
    name, model = split_provider(task.provider, task.model)
    return model if name in (provider, "auto") else ""


def _first(ranked: tuple[Ranked, ...], provider: str) -> tuple[Ranked, ...]:
    """Whom the user named, or whoever may be retried, comes before the others: failing over is for when it is spent."""
    return tuple(sorted(ranked, key=lambda one: one.candidate.provider != provider))


def _nobody(candidates: Sequence[Candidate]) -> Fault:
    permitted = [one for one in candidates if one.fault != POLICY]
    if not permitted and candidates:
        return Fault(POLICY, " ".join(dict.fromkeys(one.why for one in candidates)), "See `muxctl policy show`.")
    dear = any(one.fault == BUDGET for one in candidates)
    reasons = " · ".join(f"{one.provider}: {one.why}" for one in candidates if not one.available)
    return Fault(
        code=BUDGET if dear else NO_PROVIDER,
        message=f"No agent can take this task{' for what it may cost' if dear else ''}. {reasons}",
        hint="Send it again with a larger budget." if dear else "See `muxctl check`.",
        choices=tuple(one.provider for one in candidates),
    )
