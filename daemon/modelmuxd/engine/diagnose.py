"""What `check --diagnose` tells of a provider besides: what its sandbox words come to, how its account stands, and how
its last runs ended."""

from __future__ import annotations

from collections.abc import Mapping

from muxwire.faults import FaultError
from muxwire.insight import Diagnosis
from muxwire.words import SANDBOXES

from modelmuxd.adapters.base import Adapter
from modelmuxd.domain.request import Request
from modelmuxd.engine.line import Line
from modelmuxd.engine.plan import TaskSettings
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Task

RECENT = 200
"""Ended runs, the newest, that are looked at."""
SHOWN = 5


class Doctor:
    def __init__(self, store: TaskStore, line: Line) -> None:
        self._store = store
        self._line = line

    async def __call__(self, settings: TaskSettings) -> dict[str, Diagnosis]:
        """By provider."""
        recent = await self._store.recent(RECENT)
        accounts = {line.provider: line for line in self._line.accounts()}
        return {
            name: Diagnosis(sandboxes=sandboxes(adapter), account=accounts.get(name), last=_last(recent, name))
            for name, adapter in settings.adapters.items()
        }


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


def _last(recent: list[Task], provider: str) -> tuple[str, ...]:
    """The newest first: the state, and of a failure its kind."""
    mine = [task for task in recent if task.provider == provider][:SHOWN]
    return tuple(f"{task.state} ({task.fault.code})" if task.fault else task.state for task in mine)
