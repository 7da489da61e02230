"""The shape of profiles.toml: 0.29's keys, and ours ([limits], [daemon], strict_sandbox).

Defaults stand here and nowhere else. A field's `title` says what is expected when the value is of another kind.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from muxwire.retention import AGE
from muxwire.words import FinalState, Sandbox

BUILTINS = ("claude", "codex", "dashscope", "gemini", "ollama", "opencode", "qwen")
"""Providers that have a name without being configured, whether or not they can be used here."""

_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

Size = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,8} ?(KiB|MiB|GiB)$", title='a size such as "256MiB"')]
Texts = Annotated[tuple[str, ...], Meta(title='a list of texts, such as ["one", "two"]')]
Count = Annotated[int, Meta(ge=1, le=10_000)]


class _Table(msgspec.Struct, frozen=True, omit_defaults=False, kw_only=True):
    pass


class Match(_Table, frozen=True):
    """When a rule applies."""

    keywords: Texts = ()
    file_ext: Texts = ()
    regex: str = ""


class Rule(_Table, frozen=True):
    provider: str
    priority: int = 0
    match: Match = Match()


class Routing(_Table, frozen=True):
    default_provider: str = "codex"
    rules: tuple[Rule, ...] = ()
    prefer: Literal["quality", "balanced", "cheap", "fast"] = "balanced"
    """What counts most."""
    explore: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.05
    """Which share of what is uncertain of an agent is left to chance; 0 for none. Never with sandbox `full`."""


class ProfileProvider(_Table, frozen=True):
    """What a profile says about one provider."""

    model: str = ""
    base_url: str = ""
    api_key_env: str = ""
    """Name of the variable that holds the key; never the key."""
    wire_api: str = ""
    extra_env: dict[str, str] = {}


class Profile(_Table, frozen=True):
    description: str = ""
    providers: dict[str, ProfileProvider] = {}


class CustomProvider(_Table, frozen=True):
    """A provider of the user's own: a command that takes tasks, or a server that speaks OpenAI's chat completions."""

    command: str = ""
    args: Texts = ("{task}",)
    """With {task} {workdir} {sandbox} {session_id} {model}; without {task} the task goes to stdin."""
    output: Literal["text", "jsonl"] = "text"
    env: Texts = ()
    """Names of variables that the command needs."""
    base_url: str = ""
    api_key_env: str = ""
    """Name of the variable that holds the server's key; never the key."""
    model: str = ""
    description: str = ""


class A2aAgent(_Table, frozen=True):
    url: str
    token: str = ""
    pattern: str = "review"

    def __repr__(self) -> str:
        return f"A2aAgent(url={self.url!r})"


class AcpAgent(_Table, frozen=True):
    """An agent that speaks the Agent Client Protocol."""

    command: str
    args: Texts = ()
    env: Texts = ()
    """Names of variables that it needs."""


class Step(_Table, frozen=True):
    name: str
    task: str
    provider: str = "auto"
    sandbox: Sandbox = "read-only"
    timeout: Annotated[int, Meta(ge=1)] = 300
    """Seconds."""
    model: str = ""
    needs: Texts = ()
    """Steps that must have been done, besides those whose answers it takes."""
    max_retries: Annotated[int, Meta(ge=1, le=5)] = 1
    """Attempts in all."""
    on_fail: Literal["stop", "continue", "fallback"] = "stop"
    """`continue`: the others go on without its answer; `fallback`: `fallback` is asked."""
    fallback: str = ""
    """A provider, or `provider/model`."""


class Workflow(_Table, frozen=True):
    """Steps whose answers go into each other as {NAME}, {NAME.output} or, of JSON, {NAME.json.FIELD}."""

    version: Annotated[int, Meta(ge=1, le=2)] = 1
    """2: a step waits for those it takes from; 1, as in 0.29: for the one before it."""
    description: str = ""
    steps: tuple[Step, ...] = ()


class PatternTurn(_Table, frozen=True):
    """What one role does in a collaboration."""

    role: str
    prompt: str
    """With {task} {round} {transcript}, {ROLE} for what a role said last and {work} for the result so far, both also
    with `.diff`, `.verify` and, of a verdict, `.findings`."""
    again: str = ""
    """The prompt where it goes on with its session, which knows the rest."""
    provider: str = "auto"
    when: Literal["every", "first", "later", "end"] = "every"
    """In which rounds; `end` is after all of them."""
    beside: bool = False
    """At the same time as the turn before it."""
    session: str = ""
    """Another role whose session it goes on with, where both have the same provider."""
    verdict: Literal["", "review", "ruling"] = ""
    """What its answer must end with; an approving `review` ends the rounds."""
    writes: bool = False
    """Whether it may change what the collaboration may; all others read."""


class Pattern(_Table, frozen=True):
    """How several roles work on one task in turns."""

    description: str = ""
    max_rounds: Annotated[int, Meta(ge=1, le=50)] = 3
    result: Texts = ()
    """The roles whose last answer is the result."""
    turns: tuple[PatternTurn, ...] = ()


Target = Literal["webhook", "hook"]


class Notifications(_Table, frozen=True):
    webhook_url: str = ""
    events: tuple[FinalState, ...] = ()
    """The final states that are told; none means all."""
    format: Literal["", "slack", "discord", "generic"] = ""
    """Empty: as the URL says."""
    webhook_secret: str = ""
    """Signs what is sent; `whsec_…` is base64, anything else is taken as it stands."""
    on_finish: Texts = ()
    """Program and arguments, started with what is told as JSON on its stdin. The user's own file alone may name it."""

    def __repr__(self) -> str:
        return f"Notifications(events={self.events!r})"

    @property
    def targets(self) -> tuple[Target, ...]:
        """Whom the end of a run is told."""
        said: tuple[tuple[Target, object], ...] = (("webhook", self.webhook_url), ("hook", self.on_finish))
        return tuple(target for target, given in said if given)


Age = Annotated[str, Meta(pattern=rf"^$|{AGE}")]


class Retention(_Table, frozen=True):
    """How long what has ended is kept, such as "30d"; empty: until somebody says `muxctl clean`."""

    outputs: Age = ""
    events: Age = ""
    runs: Age = ""


class Worktree(_Table, frozen=True):
    """What a run with a git worktree of its own finds there."""

    copy: Texts = ()
    """Ignored files, such as `.env`, that go with it; relative to the top of the repository."""


class Verify(_Table, frozen=True):
    """What tells whether the agent's work in a worktree is any good."""

    command: Texts = ()
    """Program and arguments, run in the worktree after the agent; exit code 0 means good."""
    timeout: Annotated[int, Meta(ge=1)] = 600
    """Seconds."""


Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]


class ModelPrice(_Table, frozen=True):
    """What a million tokens of a model cost, in dollars, in place of what the table that we ship says."""

    input: Dollars
    output: Dollars
    cached: Dollars | None = None
    """Read from a cache; as `input` unless said."""
    cache_write: Dollars | None = None


class Budget(_Table, frozen=True):
    """Dollars that may be spent in a calendar day, in a week from Monday on, in a calendar month."""

    day: Dollars | None = None
    week: Dollars | None = None
    month: Dollars | None = None


class Budgets(Budget, frozen=True):
    """Of all runs together, and beside that of single providers, profiles and kinds of origin."""

    warn: Annotated[float, Meta(ge=0, le=1)] = 0.8
    """The share of a budget from which `status` warns."""
    then: Literal["refuse", "cheapest"] = "refuse"
    """What follows once one is used up; `cheapest`: whoever is cheapest is asked instead, as long as he still fits."""
    providers: dict[str, Budget] = {}
    profiles: dict[str, Budget] = {}
    origins: dict[str, Budget] = {}


OnTimeout = Literal["give up", "fail over", "retry"]


class Limits(_Table, frozen=True):
    """What the daemon allows at once and at most, over all clients."""

    running: Count = 8
    """Attempts that may run at once in all."""
    per_provider: Count = 4
    """Attempts that may run at once on one provider."""
    providers: dict[str, Count] = {}
    """The same for one provider by name."""
    output: Size = "256MiB"
    """What one attempt may write before it ends as output_limit."""
    timeout: Annotated[int, Meta(ge=1)] = 300
    """Seconds a run may take when nobody says otherwise."""
    on_timeout: OnTimeout = "give up"
    """What follows when an attempt has taken that long; another attempt has the whole time again."""
    depth: Annotated[int, Meta(ge=0, le=16)] = 3
    """How many runs may stand above a run: an agent that asks an agent that asks …"""
    per_minute: Count = 60
    """Runs that one agent's run may start in a minute."""

    def slots(self, provider: str) -> int:
        """How many attempts may run at once on this provider."""
        return self.providers.get(provider, self.per_provider)

    @property
    def output_bytes(self) -> int:
        return int(self.output[:-3]) * _UNITS[self.output[-3:]]


class Daemon(_Table, frozen=True):
    idle_exit: Annotated[int, Meta(ge=0)] = 30
    """Idle minutes after which a daemon that a client started ends; 0 for never."""


class Settings(_Table, frozen=True):
    """The whole file, with everything that was not said at its default."""

    active_profile: str = "default"
    disabled_providers: Texts = ()
    caller_override: str = ""
    auto_exclude_caller: bool = True
    strict_sandbox: bool = False
    """Refuse a provider that cannot enforce its sandbox."""
    routing: Routing = Routing()
    profiles: dict[str, Profile] = {}
    providers: dict[str, CustomProvider] = {}
    a2a_agents: dict[str, A2aAgent] = {}
    acp_agents: dict[str, AcpAgent] = {}
    workflows: dict[str, Workflow] = {}
    patterns: dict[str, Pattern] = {}
    notifications: Notifications = Notifications()
    retention: Retention = Retention()
    worktree: Worktree = Worktree()
    verify: Verify = Verify()
    prices: dict[str, ModelPrice] = {}
    """By `MODEL` or `PROVIDER/MODEL`."""
    budgets: Budgets = Budgets()
    limits: Limits = Limits()
    daemon: Daemon = Daemon()

    @property
    def own_providers(self) -> tuple[str, ...]:
        """Names that this configuration adds to the built-in ones."""
        return (*self.providers, *self.a2a_agents, *self.acp_agents)
