"""Where an end counts, and with what. Pure."""

from __future__ import annotations

from modelmuxd.domain.bucket import Bucket, Counts
from modelmuxd.domain.usage import Usage

HOUR_S = 3600

_ATTEMPT_STATES = frozenset({"success", "timeout", "canceled", "lost"})


def a_run(
    *,
    state: str,
    started: float | None,
    ended: float,
    asked: str,
    provider: str,
    model: str,
    account: str,
    kind: str,
    workdir: str,
) -> tuple[Bucket, Counts]:
    """`asked` is what its request named."""
    bucket = Bucket(
        hour=int(ended) // HOUR_S,
        provider=provider or _named(asked),
        model=model,
        account=account,
        kind=kind,
        workdir=workdir,
        status=state,
    )
    ms = 0 if started is None else round(max(0.0, ended - started) * 1000)
    return bucket, Counts(runs=1, calls=1, ms=ms)


def an_attempt(
    *,
    state: str,
    ended: float,
    provider: str,
    model: str,
    account: str,
    kind: str,
    workdir: str,
    usage: Usage | None,
    cost: int | None,
    plan: int | None,
) -> tuple[Bucket, Counts]:
    """Of a cost that nobody knows it is told where there was one: where it succeeded, or has used tokens."""
    bucket = Bucket(
        hour=int(ended) // HOUR_S,
        provider=provider,
        model=model,
        account=account,
        kind=kind,
        workdir=workdir,
        status=state if state in _ATTEMPT_STATES else "error",
    )
    used = usage or Usage()
    counts = Counts(
        attempts=1,
        input=used.input,
        cached=used.cached,
        cache_write=used.cache_write,
        output=used.output,
        reasoning=used.reasoning,
        cost_micros=cost or 0,
        plan_micros=plan or 0,
        unpriced=int(cost is None and (state == "success" or used.total > 0)),
        told=int(usage is not None),
    )
    return bucket, counts


def _named(asked: str) -> str:
    """The provider that a request names; empty for `auto`."""
    name = asked.partition("/")[0]
    return "" if name == "auto" else name
