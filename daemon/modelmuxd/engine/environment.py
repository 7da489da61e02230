"""The environment of an agent: its caller's, allow-listed; never the daemon's own, never another provider's keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from muxwire.runs import CallerEnv

from modelmuxd.adapters.base import Adapter, Login
from modelmuxd.domain.decision import Held
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import ProviderSettings
from modelmuxd.store.records import NewTask

LoginEnvironment = Callable[[], Awaitable[CallerEnv]]
"""The login shell's environment, read once."""

SHORTEST = 6
"""Characters; whatever is shorter is no secret, and would be found everywhere."""


class Secrets:
    """Values that callers supplied for their runs. In memory only, hidden in every repr, dropped when the run ends."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, str]] = {}
        self._latest: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Secrets of {len(self._values)} runs>"

    def keep(self, run_id: str, values: Mapping[str, str]) -> None:
        """For one run, besides what it has."""
        self._values.setdefault(run_id, {}).update(values)

    def learn(self, values: Mapping[str, str]) -> None:
        """For whichever run of an earlier daemon is refilled next: the user's own, never what an agent supplies, or it
        could have others' work done under a key of its choice."""
        self._latest.update(values)

    def refill(self, run_id: str, names: Iterable[str], login: Mapping[str, str]) -> bool:
        """Give a run of an earlier daemon its values again, from the last client's or the login shell's environment.

        The same user's keys in any case, though not always the same shell's. False when a name has no value.
        """
        known = {**login, **self._latest}
        if any(name not in known for name in names):
            return False
        self._values[run_id] = {name: known[name] for name in names}
        return True

    def missing(self, run_id: str, names: Iterable[str]) -> bool:
        return any(name not in self._values.get(run_id, {}) for name in names)

    def of(self, run_id: str) -> dict[str, str]:
        return self._values.get(run_id, {})

    def hide(self, run_id: str, text: str) -> str:
        """The text without this run's values, whatever they look like: agents and servers echo keys in complaints.
        Those of an earlier daemon's run are known by their shape only."""
        for value in self.of(run_id).values():
            if len(value) >= SHORTEST:
                text = text.replace(value, "[redacted]")
        return text

    def drop(self, run_id: str) -> None:
        self._values.pop(run_id, None)


class Environments:
    """Whether a task has what its agent needs. Secrets are never stored, so after a restart they come from the login
    shell or the next client."""

    def __init__(self, secrets: Secrets, login: LoginEnvironment) -> None:
        self._secrets = secrets
        self._login = login

    async def held(self, task: NewTask) -> Held | None:
        if not self._secrets.missing(task.run_id, task.env_names):
            return None
        login = await self._login()
        if self._secrets.refill(task.run_id, task.env_names, login.values):
            return None
        text = f"environment: {', '.join(task.env_names)} of its caller"
        return Held(reason="environment", text=text, on=tuple(map(key, task.env_names)))


def key(name: str) -> str:
    """What runs wait for that miss this variable."""
    return f"environment:{name}"


def names_needed(adapter: Adapter, login: Login, settings: ProviderSettings) -> set[str]:
    """Variables to ask the caller for: what the adapter declares, what its own configuration names as its key, and
    what the profile in use does."""
    return {*adapter.env_names, *login.env_names, *filter(None, [settings.api_key_env])}


def child_environment(
    base: Mapping[str, str],
    secrets: Mapping[str, str],
    adapter: Adapter,
    invocation: Invocation,
    settings: ProviderSettings,
) -> dict[str, str]:
    """Base names, then this provider's own variables, then what the profile and the invocation set."""
    env = {name: value for name, value in base.items() if name not in adapter.scrub}
    for name in invocation.env_names:
        if name in secrets:
            env[name] = secrets[name]
    for name, source in invocation.env_aliases.items():
        if source in secrets:
            env[name] = secrets[source]
    return {**env, **settings.extra_env, **invocation.env}
