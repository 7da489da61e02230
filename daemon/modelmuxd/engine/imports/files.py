"""Each of 0.29's files: what one of its lines makes. Raises ValueError or msgspec's errors for a damaged one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from hashlib import blake2b

import msgspec

from modelmuxd.domain.imported import OldRating
from modelmuxd.domain.knowledge import Judged
from modelmuxd.engine.imports import peer, runs
from modelmuxd.engine.signals import RATED, RATED_WEIGHT
from modelmuxd.store.records import Line

HISTORY, FEEDBACK, AUDIT = "history.jsonl", "feedback.jsonl", "audit.jsonl"
REMOTE, BENCHMARK = "a2a-tasks.jsonl", "benchmark.json"

KEYWORDS_WEIGHT = 0.3
"""Words that turn up in an answer say less of it than a check that ran."""

_FINISHED = msgspec.json.Decoder(peer.Finished)
_RATED = msgspec.json.Decoder(peer.Rated)
_AUDITED = msgspec.json.Decoder(peer.Audited)
_REMOTE = msgspec.json.Decoder(peer.Remote)
_MEASURED = msgspec.json.Decoder(peer.Measurements)


def finished(raw: bytes) -> Line:
    digest = digest_of(HISTORY, raw)
    return Line(digest=digest, runs=runs.of_finished(_FINISHED.decode(raw), digest))


def rated(raw: bytes) -> Line:
    one = _RATED.decode(raw)
    old = OldRating(
        old_id=one.run_id, at=one.ts, provider=one.provider, rating=one.rating, comment=(one.comment or "")[:2000]
    )
    judged = Judged(at=one.ts, agent=one.provider, value=RATED[one.rating], weight=RATED_WEIGHT, source="rating")
    return Line(digest=digest_of(FEEDBACK, raw), rating=old, judged=judged)


def audited(raw: bytes) -> Line:
    one, digest = _AUDITED.decode(raw), digest_of(AUDIT, raw)
    return Line(digest=digest, runs=(runs.of_audited(one, instant(one.timestamp), digest),))


def remote(raw: bytes) -> Line:
    one, digest = _REMOTE.decode(raw), digest_of(REMOTE, raw)
    began, ended = instant(one.created_at), instant(one.updated_at)
    run = runs.of_remote(one.task_id, one.state, began, ended, _answer(one.result), digest)
    return Line(digest=digest, runs=(run,))


def measured(raw: bytes) -> list[Line]:
    """Of benchmark.json, which is one document: a judgement for each result."""
    said = _MEASURED.decode(raw)
    at = instant(said.timestamp)
    return [
        Line(
            digest=digest_of(BENCHMARK, repr((at, number, one.provider, one.task_name)).encode()),
            judged=Judged(at=at, agent=one.provider, value=_share(one), weight=KEYWORDS_WEIGHT, source="benchmark"),
        )
        for number, one in enumerate(said.results)
    ]


LINES: dict[str, Callable[[bytes], Line]] = {HISTORY: finished, AUDIT: audited, REMOTE: remote, FEEDBACK: rated}
"""In this order: ratings name runs."""


def digest_of(name: str, raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16, person=name.encode()[:16]).digest()


def instant(said: float | str) -> float:
    """Unix seconds of a time as 0.29 writes it: a number, or ISO 8601 (UTC where it names no zone).

    >>> instant("1970-01-02T00:00:00Z"), instant(7.0)
    (86400.0, 7.0)
    """
    if not isinstance(said, str):
        return said
    when = datetime.fromisoformat(said.replace("Z", "+00:00"))
    at = (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()
    if at < 1:
        raise ValueError(f"{said!r} is no time of a run")
    return at


def _answer(result: object) -> str:
    if isinstance(result, dict):
        said = result.get("final_output") or result.get("output") or ""
        return said if isinstance(said, str) else ""
    return result if isinstance(result, str) else ""


def _share(one: peer.Measured) -> float:
    if one.status != "success":
        return 0.0
    return min(1.0, one.keyword_hits / one.keyword_total) if one.keyword_total else 1.0
