"""`muxctl init`: what is here, who is asked by default and by which rules, what a day may cost, the service, the
programs that get our MCP server.

Every answer can be given beforehand; what is not asked (`--yes`) is answered by its default. Nothing is written that
was not shown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from textwrap import indent
from typing import Protocol

import msgspec
from muxwire.environ import base_environment
from muxwire.faults import FaultError, unknown_name
from muxwire.insight import Check, CheckParams
from muxwire.methods import CHECK
from muxwire.places import Places, places

from muxclients import caller
from muxclients.link.reach import reach
from muxclients.setup.ides import IDES
from muxclients.setup.profiles import DAYS, Rule, proposed, text_of
from muxclients.setup.registration import apply, change, standing


class Asker(Protocol):
    def choose(self, question: str, options: Sequence[str], default: int = 0) -> int: ...

    def confirm(self, question: str, *, default: bool = True) -> bool: ...


class Defaults:
    """Answers for a user who is not asked."""

    def choose(self, question: str, options: Sequence[str], default: int = 0) -> int:
        return default

    def confirm(self, question: str, *, default: bool = True) -> bool:
        return default


class Given(msgspec.Struct, frozen=True):
    """Answers from the command line; None is asked."""

    provider: str = ""
    rules: bool | None = None
    day: float | None = None
    service: bool | None = None
    register: bool | None = None


class Done(msgspec.Struct, kw_only=True):
    """What has come of it."""

    usable: list[str] = []
    profiles: str = ""
    """The file, when it was written."""
    service: bool = False
    registered: list[str] = []
    notices: list[str] = []


class Wizard:
    def __init__(self, asker: Asker, given: Given, say: Callable[[str], object]) -> None:
        self._asker = asker
        self._given = given
        self._say = say
        self._here: Places = places()
        self.done = Done()

    def run(self) -> Done:
        """Raises FaultError; a service that cannot be had is a notice."""
        self._providers(self._check())
        self._service()
        self._register()
        return self.done

    def _check(self) -> Check:
        env = base_environment((os.fsencode(name), os.fsencode(value)) for name, value in os.environ.items())
        with reach("cli", supplier=caller.values) as client:
            return client.call(CHECK, CheckParams(refresh=True, env=env, workdir=os.getcwd()), timeout=60)

    def _providers(self, check: Check) -> None:
        for name, one in check.providers.items():
            if one.available:
                self.done.usable.append(name)
                self._say(f"✓ {name} {one.version}  {one.login_how}".rstrip())
        for name, one in check.providers.items():
            if not one.available and one.fault and one.path:
                self._say(f"✗ {name}: {one.fault.message} {one.fault.hint}".rstrip())
        if not self.done.usable:
            self.done.notices.append(
                "No agent can be used yet, so no profiles.toml was written; `muxctl check` says what each lacks."
            )
            return
        self._profiles(self.done.usable)

    def _profiles(self, usable: list[str]) -> None:
        if self._given.provider and self._given.provider not in usable:
            raise unknown_name("usable provider", self._given.provider, usable)
        if os.path.exists(self._here.profiles):
            self.done.notices.append(f"{self._here.profiles} is there already, and is left as it is.")
            return
        text = text_of(self._default(usable), self._rules(usable), self._day())
        os.makedirs(os.path.dirname(self._here.profiles), mode=0o700, exist_ok=True)
        with open(self._here.profiles, "x", encoding="utf-8") as out:
            out.write(text)
        self.done.profiles = self._here.profiles
        self._say(f"✓ {self._here.profiles}:\n{indent(text.rstrip(), '    ')}")

    def _default(self, usable: list[str]) -> str:
        question = "Who is asked when nothing speaks for another?"
        return self._given.provider or usable[self._asker.choose(question, usable)]

    def _rules(self, usable: list[str]) -> list[Rule]:
        """None, unless they are wanted: routing learns who is good at what."""
        if self._given.rules is not None:
            return proposed(usable) if self._given.rules else []
        return [rule for rule in proposed(usable) if self._asker.confirm(f"Always {rule}?", default=False)]

    def _day(self) -> float:
        if self._given.day is not None:
            return self._given.day
        shown = ["no limit", *(f"${day:g}" for day in DAYS[1:])]
        return DAYS[self._asker.choose("What may a day cost at most? A subscription spends none of it.", shown)]

    def _service(self) -> None:
        from muxclients.setup.service import Service

        try:
            service = Service()
            if service.status().installed:
                self.done.service = True
                return
            wanted = self._given.service
            if wanted is None:
                wanted = self._asker.confirm("Start the daemon at login?")
            if wanted:
                self.done.service = service.install().installed
                self._say("✓ The daemon starts at login.")
        except (FaultError, OSError) as error:
            why = error.fault.message if isinstance(error, FaultError) else str(error)
            self.done.notices.append(f"No service: {why} Clients start the daemon by themselves.")

    def _register(self) -> None:
        if self._given.register is False:
            return
        for one in standing(os.getcwd()):
            if one.installed and not one.user:
                self._offer(one.name, one.title)

    def _offer(self, name: str, title: str) -> None:
        try:
            edit = change(IDES[name], "user", os.getcwd(), remove=False)
        except FaultError as error:
            self.done.notices.append(f"{title}: {error.fault.message}")
            return
        self._say(edit.diff.rstrip())
        if self._given.register or self._asker.confirm(f"Give {title} the MCP server?"):
            apply(edit)
            self.done.registered.append(name)
