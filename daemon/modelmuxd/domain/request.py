"""What an adapter is asked for one attempt."""

from __future__ import annotations

import msgspec
from muxwire.words import Effort, Sandbox

from modelmuxd.domain.usage import Usage


class ProviderSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """A profile's words for one provider; every field has effect or is refused by name."""

    model: str = ""
    base_url: str = ""
    api_key_env: str = ""
    """Name of the variable that holds the key; never the key."""
    wire_api: str = ""
    extra_env: dict[str, str] = {}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt's question. Paths are absolute; nothing in it is secret."""

    task: str
    program: str
    """The executable, found on the caller's PATH."""
    workdir: str
    folder: str
    """The attempt's own folder; files that the invocation places lie in it."""
    sandbox: Sandbox = "read-only"
    model: str = ""
    session: str = ""
    """The provider's own session id to go on with; empty for a new one."""
    left: str = ""
    """The session under which an attempt of this run that was lost is under way elsewhere; empty for none."""
    history: tuple[tuple[str, str], ...] = ()
    """What was asked and answered in this session, oldest first, for providers that keep none of their own."""
    run_id: str = ""
    """Of the run; a session that we keep bears the name of the run that began it."""
    session_usage: Usage | None = None
    """Usage of the session at the end of its previous turn, for CLIs whose totals are cumulative."""
    effort: Effort | None = None
    schema: str = ""
    """JSON Schema that the answer is to keep to; an adapter whose agent cannot do that leaves it alone."""
    settings: ProviderSettings = ProviderSettings()
    env: dict[str, str] = {}
    """The caller's base names, which hold no secret."""
    env_present: frozenset[str] = frozenset()
    """Names, not values, of the variables that the agent will have."""
    as_root: bool = False
    started_at: float | None = None
    """Unix time at which the attempt begins: what a CLI means by "try again at 3:42 PM" is counted from it."""
