"""Recordings of the real CLIs, replayed through our readers.

`python tests/adapters/replay.py PROVIDER` prints what a provider's recordings give now, in the shape of
`expected/PROVIDER.jsonl`: to be read line by line against what is known of the CLI, not to be copied.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import msgspec
from modelmuxd.adapters.base import Adapter
from modelmuxd.adapters.registry import builtins, register
from modelmuxd.adapters.testing import answer, replay
from modelmuxd.domain.events import Event, Limit, Tool
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.usage import Usage

RECORDINGS = Path(__file__).parent.parent / "recordings"
EXPECTED = Path(__file__).parent / "expected"
ADAPTERS: dict[str, Adapter] = register(builtins())
STDERR_TAIL = 8192


class Recording(msgspec.Struct, frozen=True):
    provider: str
    case: str
    stdout: bytes
    stderr: bytes
    exit: Exit


class Expected(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a recording must give. `answer` longer than 100 characters is `sha256:…` of its UTF-8."""

    case: str
    fault: str = ""
    answer: str = ""
    session: str = ""
    model: str = ""
    tokens: list[int] = []
    """input, cached, cache_write, output, reasoning."""
    cost_micros: int | None = None
    retry_after: float | None = None
    resets_at: float | None = None
    events: str = ""


def cases(provider: str) -> list[str]:
    return sorted(path.name.removesuffix(".meta.json") for path in (RECORDINGS / provider).glob("*.meta.json"))


def load(provider: str, case: str) -> Recording:
    folder = RECORDINGS / provider
    meta = msgspec.json.decode((folder / f"{case}.meta.json").read_bytes())
    code = meta["exit_code"]
    # The recorder noted Python's -n for signal n; the guard's shell says 128 + n.
    ended = Exit(128 - code if code < 0 else code, timed_out=meta["timed_out"])
    return Recording(
        provider,
        case,
        (folder / f"{case}.jsonl").read_bytes(),
        (folder / f"{case}.stderr").read_bytes()[-STDERR_TAIL:],
        ended,
    )


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The data cut at these places."""
    places = sorted({cut for cut in cuts if 0 < cut < len(data)})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def lines(*values: object) -> bytes:
    """The objects as a CLI prints them."""
    return b"".join(msgspec.json.encode(value) + b"\n" for value in values)


def tokens(usage: Usage | None) -> list[int]:
    return [usage.input, usage.cached, usage.cache_write, usage.output, usage.reasoning] if usage else []


def summary(case: str, events: list[Event], outcome: Outcome) -> Expected:
    fault = outcome.fault
    return Expected(
        case=case,
        fault=fault.code if fault else "",
        answer=_short(answer(events)),
        session=outcome.session,
        model=outcome.model,
        tokens=tokens(outcome.usage),
        cost_micros=outcome.cost_micros,
        retry_after=fault.retry_after if fault else None,
        resets_at=fault.resets_at if fault else None,
        events=" ".join(_word(word, len(list(same))) for word, same in groupby(map(_name, events))),
    )


def expectations(provider: str) -> dict[str, Expected]:
    data = (EXPECTED / f"{provider}.jsonl").read_bytes()
    found = [msgspec.json.decode(line, type=Expected) for line in data.splitlines()]
    return {one.case: one for one in found}


def _short(text: str) -> str:
    return text if len(text) <= 100 else "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _name(event: Event) -> str:
    if isinstance(event, Tool):
        return f"{event.name}:{event.status}"
    return f"Limit:{event.kind}" if isinstance(event, Limit) else type(event).__name__


def _word(word: str, times: int) -> str:
    return f"{word}*{times}" if times > 1 else word


def main(provider: str) -> None:
    for case in cases(provider):
        recording = load(provider, case)
        events, outcome = replay(ADAPTERS[provider], [recording.stdout], recording.exit, recording.stderr)
        print(msgspec.json.encode(summary(case, events, outcome)).decode())


if __name__ == "__main__":
    main(sys.argv[1])
