"""`muxctl init`: what is here, who is asked by default and by which rules, what a day and a month may cost, the
service, the programs that get our MCP server.

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
from muxclients.setup.change import Change, apply, read
from muxclients.setup.ides import IDES
from muxclients.setup.profiles import DAYS, MONTHS, Answers, Open, Rule, proposed, unsaid, with_answers
from muxclients.setup.registration import change, standing


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
    month: float | None = None
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
        file = self._here.profiles
        try:
            before = read(file)
            open = unsaid(before)
            after = with_answers(before, self._answers(usable, open))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            self.done.notices.append(f"{file} is left as it is: {why}.")
            return
        if kept := self._kept(open):
            self.done.notices.append(f"{file} has {' and '.join(kept)} already: change that there.")
        if before == after:
            if before:
                self.done.notices.append(f"{file} is left as it is: what it says already is not asked again.")
            return
        edit = Change(name="profiles", file=file, before=before, after=after)
        self._say(edit.diff.rstrip() if before else f"{file}:\n{indent(after.rstrip(), '    ')}")
        if self._asker.confirm(f"Write it to {file}?"):
            os.makedirs(os.path.dirname(file), mode=0o700, exist_ok=True)
            apply(edit)
            self.done.profiles = file

    def _kept(self, open: Open) -> list[str]:
        """What was given for nothing, since the file says it already."""
        given = self._given
        named = {
            "a default_provider": given.provider and not open.provider,
            "rules": given.rules and not open.rules,
            "budgets": (given.day or given.month) and not open.budgets,
        }
        return [name for name, useless in named.items() if useless]

    def _answers(self, usable: list[str], open: Open) -> Answers:
        """To the questions that the file leaves open."""
        return Answers(
            provider=self._default(usable) if open.provider else "",
            rules=self._rules(usable) if open.rules else (),
            day=self._budget("day", self._given.day, DAYS) if open.budgets else 0.0,
            month=self._budget("month", self._given.month, MONTHS) if open.budgets else 0.0,
        )

    def _default(self, usable: list[str]) -> str:
        question = "Who is asked when nothing speaks for another?"
        return self._given.provider or usable[self._asker.choose(question, usable)]

    def _rules(self, usable: list[str]) -> tuple[Rule, ...]:
        """None, unless they are wanted: routing learns who is good at what."""
        if self._given.rules is not None:
            return proposed(usable) if self._given.rules else ()
        return tuple(rule for rule in proposed(usable) if self._asker.confirm(f"Always {rule}?", default=False))

    def _budget(self, span: str, given: float | None, proposals: Sequence[float]) -> float:
        if given is not None:
            return given
        shown = ["no limit", *(f"${dollars:g}" for dollars in proposals[1:])]
        question = f"What may a {span} cost at most? A subscription spends none of it."
        return proposals[self._asker.choose(question, shown)]

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
            self._say(edit.diff.rstrip())
            if self._given.register or self._asker.confirm(f"Give {title} the MCP server?"):
                apply(edit)
                self.done.registered.append(name)
        except FaultError as error:
            self.done.notices.append(f"{title}: {error.fault.message}")
