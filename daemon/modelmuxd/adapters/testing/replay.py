"""What the checks are made with: a request, an adapter's answer to it, and its reader fed by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from muxwire.faults import FaultError
from muxwire.words import FAULT_KINDS

from modelmuxd.adapters.base import Adapter
from modelmuxd.domain.events import Delta, Event, Message
from modelmuxd.domain.invocation import Exit, Invocation
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request


def request(**more: Any) -> Request:
    """A request with everything in it that a check does not care about."""
    given: dict[str, Any] = {"task": "t", "program": "/bin/agent", "workdir": "/w", "folder": "/state/attempt"}
    return msgspec.convert(given | more, Request)


def prepared(adapter: Adapter, **more: object) -> Invocation | None:
    """The invocation; None when it was refused, with a fault that names the provider."""
    asked = request(**more)
    try:
        return adapter.prepare(asked)
    except FaultError as error:
        refusal = error.fault
    assert refusal.code in FAULT_KINDS
    assert refusal.provider == adapter.name
    assert refusal.message
    return None


def replay(
    adapter: Adapter, pieces: Iterable[bytes], exit: Exit, stderr: bytes = b"", asked: Request | None = None
) -> tuple[list[Event], Outcome]:
    """What an adapter makes of an agent's output that comes in these pieces."""
    reader = adapter.reader(asked or request())
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events, reader.verdict(exit, stderr)


def answer(events: Iterable[Event]) -> str:
    """As the engine takes it: the last whole message, else the deltas joined."""
    kept = list(events)
    whole = [event.text for event in kept if isinstance(event, Message)]
    return whole[-1] if whole else "".join(event.text for event in kept if isinstance(event, Delta))


def told(adapter: Adapter, outcome: Outcome) -> None:
    """The outcome can be stored and shown."""
    msgspec.msgpack.encode(outcome)
    if outcome.fault:
        assert outcome.fault.code in FAULT_KINDS
        assert outcome.fault.provider == adapter.name
        assert outcome.fault.message
        assert "\x1b" not in outcome.fault.message
        assert len(outcome.fault.message) <= 600
