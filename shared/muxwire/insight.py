"""What the daemon tells about itself, its queue and its providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from muxwire.budget import BudgetReport
from muxwire.faults import Fault
from muxwire.options import flag
from muxwire.queue import AccountLine, PausedLine


class Nothing(msgspec.Struct, frozen=True):
    """No parameters."""


class Pong(msgspec.Struct, frozen=True):
    pid: int


class Version(msgspec.Struct, frozen=True, omit_defaults=True):
    version: str
    protocol: int
    pid: int
    python: str


class StatusParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """What runs, what waits and why."""

    limit: Annotated[
        int, Meta(description="How many ended runs to list.", ge=0, le=1000, extra=flag("-n", "--limit"))
    ] = 5


class RunLine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One run, as a list shows it."""

    run_id: str
    state: str
    provider: str
    model: str = ""
    task: str
    """The first 120 characters."""
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    waiting: str = ""
    waiting_for: str = ""
    until: float | None = None
    last_line: str = ""
    silent_s: float | None = None
    """Seconds for which a running agent has said nothing, once that is worth a word."""
    origin: str = ""
    part_of: str = ""
    """The run that it is a turn of, and which one."""
    step: str = ""
    round: int = 0


class DaemonFacts(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    version: str
    pid: int
    started_at: float
    state: Literal["running", "draining"] = "running"
    socket: str = ""
    home: str = ""
    running: int = 0
    waiting: int = 0
    rss_bytes: int | None = None
    supervised: str = ""
    """systemd, launchd, or empty when a client started it."""
    providers: tuple[str, ...] = ()
    """Those that have a name without being configured: the built-in ones and what plugins bring."""
    notices: tuple[Fault, ...] = ()
    """What the user should know: a policy that is refused, a low disk …"""


class Today(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the runs that have ended since local midnight came to."""

    runs: int
    tokens: int | None = None
    cost_usd: float | None = None
    """As far as it is known: None where no run has told any, never 0 for what is not known."""
    plan_usd: float | None = None
    """What plans have paid for, at list price; no part of the cost."""
    unpriced: int = 0
    """Runs that an agent has worked on at an unknown cost."""


class Status(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    at: float
    daemon: DaemonFacts
    running: tuple[RunLine, ...] = ()
    waiting: tuple[RunLine, ...] = ()
    recent: tuple[RunLine, ...] = ()
    paused: tuple[PausedLine, ...] = ()
    accounts: tuple[AccountLine, ...] = ()
    """Those that cool down, whose circuit is not closed, or on which attempts run."""
    today: Today | None = None
    budget: BudgetReport | None = None


class EnvParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """The login shell's environment; or ask the shell again."""

    action: Literal["show", "refresh"] = "show"


class LoginEnv(msgspec.Struct, frozen=True, kw_only=True):
    """What runs without a terminal behind them find. No value but PATH's: others may be secrets."""

    path: str
    base: tuple[str, ...]
    """Names that every such run gets, and that are stored with it."""
    others: tuple[str, ...]
    """Names that only a provider that needs them gets; in memory only."""


class Caller(msgspec.Struct, frozen=True, omit_defaults=True):
    """The provider that calls us, as far as anything says so; empty: none does."""

    provider: str = ""
    method: Literal["", "override", "run", "client", "environment", "process"] = ""
    """Where that is known from."""
    text: str = ""
    excluded: bool = False
    """Whether `auto` leaves it out."""


NOBODY = Caller()


class CheckParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """What each provider needs before it can be used; no model is called."""

    refresh: Annotated[bool, Meta(description="Probe again instead of using the cache.", extra=flag("--refresh"))] = (
        False
    )
    diagnose: Annotated[
        bool,
        Meta(description="Also show sandboxes, accounts and how the last runs ended.", extra=flag("--diagnose")),
    ] = False
    env: dict[str, str] = {}
    """The caller's PATH, HOME and the like; providers are looked up with it."""
    workdir: str = ""
    client: str = ""
    """What an MCP client calls itself."""


class Diagnosis(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is known of a provider besides whether it can be started."""

    sandboxes: Mapping[str, str] = {}
    """Each word: how it is kept (kernel, permission …), or why it is refused."""
    account: AccountLine | None = None
    """None: it is simply ready."""
    last: tuple[str, ...] = ()
    """How its last runs ended, the newest first."""
    searched: str = ""
    """The PATH on which its program was looked for; empty where it has none."""
    findings: tuple[Fault, ...] = ()
    """What is not as it should be though it can be used, each with the command that mends it."""


class ProviderCheck(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    available: bool
    binary: str
    path: str
    """On the caller's PATH; empty when it is not there."""
    version: str = ""
    version_tested: str = ""
    login: Literal["yes", "no", "unknown"] = "unknown"
    login_how: str = ""
    """What the answer rests on: `OPENAI_API_KEY is set`, `auth.json has tokens`."""
    fault: Fault | None = None
    """Why it cannot be used, with the command that mends it."""
    diagnosis: Diagnosis | None = None


class Check(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    version: str
    providers: dict[str, ProviderCheck]
    available_count: int
    active_profile: str
    profiles: tuple[str, ...]
    routing_rules: int
    age_seconds: float
    """How old the probe is."""
    notices: tuple[Fault, ...] = ()
    caller: Caller | None = None


class ShutdownParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """End the daemon. `leave`: agents go on for the next daemon; `drain`: wait for them; `kill`: end them."""

    mode: Literal["leave", "drain", "kill"] = "leave"


class ShutdownResult(msgspec.Struct, frozen=True):
    pid: int
    running: int
    """Agents that were running when it was asked."""


class DrainEvent(msgspec.Struct, frozen=True, tag="drain", tag_field="type"):
    running: int


class LiveStatus(msgspec.Struct, frozen=True, tag="status", tag_field="type"):
    status: Status
