"""The adapter contract: one provider each; how to ask, how to read the answer, how to name its faults.

An adapter is capabilities and pure steps: no files, no clock, no process. The built-ins keep the same contract as a
user's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Protocol, runtime_checkable

import msgspec

from modelmuxd.domain.events import Event
from modelmuxd.domain.invocation import Exit, Invocation
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request

HOSTED = "modelmuxd"
"""The `program` of an adapter whose calls are made by a program of ours: nothing has to be installed for it."""


class Login(msgspec.Struct, frozen=True):
    """Whether an agent can be used without asking anybody, and how we know."""

    state: Literal["yes", "no", "unknown"]
    how: str
    fix: str = ""
    """The command that mends it."""
    billing: Literal["subscription", "metered", "local", "unknown"] = "unknown"
    env_names: tuple[str, ...] = ()
    """Variables that this login needs besides the adapter's own, such as the `env_key` of a config file."""


class Package(msgspec.Struct, frozen=True):
    """Where a CLI's version and native binary are found without running it.

    `npm` is the package's name: when the program on PATH resolves into `node_modules/NPM/…`, its `package.json` holds
    the version, and `natives` are paths (with `{node_modules}`, `{package}`) of the native binaries to prefer to the
    shim, first existing one first.
    """

    npm: str = ""
    natives: tuple[str, ...] = ()
    tested: str = ""
    """The version our recordings were made with."""


class Reader(Protocol):
    """Reads one attempt's stdout. Never raises on a strange line: it becomes a Notice."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        ...

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        """Success, or a fault of one kind. Called once, after the last feed."""
        ...


@runtime_checkable
class Served(Protocol):
    """What an adapter has besides when it needs a server of its user's that may not be running."""

    start_hint: ClassVar[str]
    """How to start it."""
    stand_in: ClassVar[str]
    """A program on PATH that is asked where nobody answers; empty for none."""

    def address(self, env: Mapping[str, str]) -> tuple[str, int]:
        """Host and port; `env` holds the caller's base names."""
        ...


class Adapter(Protocol):
    """One provider. A class of its own, or one of several instances of a class: a server here, another there."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def program(self) -> str:
        """The executable's name on PATH."""
        ...

    @property
    def env_names(self) -> tuple[str, ...]:
        """Variables of the caller's that this provider may need; no other provider gets them."""
        ...

    package: ClassVar[Package]
    scrub: ClassVar[tuple[str, ...]]
    """Variables to remove from the child: markers of a surrounding session."""
    login_files: ClassVar[tuple[str, ...]]
    """Files that tell whether somebody is logged in, such as `~/.codex/auth.json`; `$NAME/` prefixes are expanded."""

    first_byte_s: ClassVar[float]
    """Seconds after its start by which even a slow machine has seen a first byte on stdout; later, it hangs."""
    session_bound: ClassVar[bool]
    """Whether a session can go on only in the folder in which it began."""
    window: ClassVar[int]
    """Tokens that the smallest of its usual models takes; 0 where that is not known."""

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        """What the credential files (by their name in `login_files`; absent ones are missing) and variables tell."""
        ...

    def prepare(self, request: Request) -> Invocation:
        """How to ask. Raises muxwire.faults.FaultError for what it cannot honour, by name."""
        ...

    def reader(self, request: Request) -> Reader:
        """A fresh reader for one attempt."""
        ...
