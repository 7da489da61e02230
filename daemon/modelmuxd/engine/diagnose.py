"""What `check --diagnose` tells of a provider besides: what its sandbox words come to, how its account stands, how its
last runs ended, and what of all that should be mended by which command."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from muxwire.faults import Fault, FaultError
from muxwire.insight import Diagnosis, ProviderCheck
from muxwire.queue import AccountLine
from muxwire.words import SANDBOXES

from modelmuxd.adapters.base import HOSTED, Adapter
from modelmuxd.domain.request import Request
from modelmuxd.engine.line import Line
from modelmuxd.engine.plan import TaskSettings
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Task

RECENT = 200
"""Ended runs, the newest, that are looked at."""
SHOWN = 5
REPEATED = 3
"""Runs that end alike in a row, from which on it is no accident."""


class Doctor:
    def __init__(self, store: TaskStore, line: Line) -> None:
        self._store = store
        self._line = line

    async def __call__(
        self, settings: TaskSettings, checked: Mapping[str, ProviderCheck], path: str
    ) -> dict[str, Diagnosis]:
        """By provider; `checked` is what was found of it on this PATH."""
        recent = await self._store.recent(RECENT)
        accounts = {line.provider: line for line in self._line.accounts()}
        return {
            name: _diagnosis(adapter, checked[name], accounts.get(name), recent, path)
            for name, adapter in settings.adapters.items()
            if name in checked
        }


def _diagnosis(
    adapter: Adapter, checked: ProviderCheck, account: AccountLine | None, recent: list[Task], path: str
) -> Diagnosis:
    mine = [task for task in recent if task.provider == adapter.name][:SHOWN]
    return Diagnosis(
        sandboxes=sandboxes(adapter),
        account=account,
        last=tuple(f"{task.state} ({task.fault.code})" if task.fault else task.state for task in mine),
        searched="" if adapter.program == HOSTED else path,
        findings=tuple(findings(adapter, checked, [task.fault for task in mine])),
    )


def sandboxes(adapter: Adapter) -> Mapping[str, str]:
    """Each word: how it is kept, or why it is refused."""
    return {word: _kept(adapter, word) for word in SANDBOXES}


def _kept(adapter: Adapter, word: str) -> str:
    asked = Request(task="x", program="/x", workdir="/", folder="/", sandbox=word)  # type: ignore[arg-type]
    try:
        return adapter.prepare(asked).enforced
    except FaultError as error:
        return f"refused: {error.fault.message}"
    except Exception as error:  # a plugin's
        return f"failed: {type(error).__name__}"


def findings(adapter: Adapter, checked: ProviderCheck, ended: list[Fault | None]) -> Iterator[Fault]:
    """`ended`: how its last runs ended, the newest first. Pure."""
    tested, npm = adapter.package.tested, adapter.package.npm
    mine, theirs = version_of(checked.version), version_of(tested)
    if mine and theirs and mine != theirs:
        how = "is older than" if mine < theirs else "is newer than"
        text = f"{adapter.title} {checked.version} {how} {tested}, which it was tried with."
        yield Fault("version", text, f"npm install -g {npm}@{tested}", provider=adapter.name)
    failed = [fault for fault in ended[:REPEATED] if fault is not None]
    if len(failed) == REPEATED and len({fault.code for fault in failed}) == 1:
        text = f"Its last {REPEATED} runs ended alike: {failed[0].code}. {failed[0].message}"
        yield Fault(failed[0].code, text, failed[0].hint, provider=adapter.name)


def version_of(said: str) -> tuple[int, ...]:
    """The numbers of a version, to compare; empty where there are none.

    >>> version_of("codex-cli 0.169.0"), version_of("2.1.197-beta.1")
    ((0, 169, 0), (2, 1, 197))
    """
    found = re.search(r"\d{1,9}(?:\.\d{1,9}){1,3}", said)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
