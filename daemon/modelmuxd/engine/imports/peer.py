"""What the lines of 0.29's files hold, as far as it is taken over. A line that is not of this shape is damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

Instant = Annotated[float, Meta(ge=1.0, le=1e11)]
Length = Annotated[float, Meta(ge=0.0, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Text = str | None


class Tokens(msgspec.Struct):
    input_tokens: Count = 0
    output_tokens: Count = 0


class Result(msgspec.Struct):
    """The canonical result of one dispatch."""

    run_id: Text = ""
    provider: Text = ""
    status: Text = ""
    summary: Text = ""
    output: Text = ""
    session_id: Text = ""
    duration_seconds: Length | None = 0.0
    error: Text = ""
    token_usage: Tokens | None = None
    failover_from: Text = ""
    profile: Text = ""
    routed_from: Text = ""
    step: Text = ""


class Turn(msgspec.Struct):
    """Of a collaboration; of its answer only the beginning was kept."""

    role: Text = ""
    provider: Text = ""
    status: Text = ""
    duration: Length | None = 0.0
    output_summary: Text = ""


class Finished(Result):
    """A line of history.jsonl. What asked several providers has no provider of its own, and holds their results."""

    ts: Instant = msgspec.field(default_factory=lambda: _missing("ts"))
    source: Text = ""
    task: Text = ""
    results: tuple[Result, ...] | None = None
    steps: tuple[Result, ...] | None = None
    turns: tuple[Turn, ...] | None = None
    pattern: Text = ""
    workflow: Text = ""
    state: Text = ""
    final_output: Text = ""


class Audited(msgspec.Struct):
    """A line of audit.jsonl."""

    timestamp: str
    provider: Text = ""
    task_summary: Text = ""
    status: Text = ""
    duration_seconds: Length | None = 0.0
    caller: Text = ""
    routed_from: Text = ""
    profile: Text = ""
    sandbox: Text = ""
    model: Text = ""
    session_id: Text = ""
    error: Text = ""


class Rated(msgspec.Struct):
    """A line of feedback.jsonl."""

    ts: Instant
    run_id: str
    provider: str
    rating: Annotated[int, Meta(ge=1, le=5)]
    comment: Text = ""


class Remote(msgspec.Struct):
    """A line of a2a-tasks.jsonl: a task that has ended."""

    task_id: str
    state: str
    created_at: Instant | str
    updated_at: Instant | str
    result: Mapping[str, object] | str | None = None


class Measured(msgspec.Struct):
    """One of the results in benchmark.json."""

    provider: str
    task_name: Text = ""
    status: Text = ""
    keyword_hits: Count = 0
    keyword_total: Count = 0


class Measurements(msgspec.Struct):
    timestamp: Instant | str = ""
    results: tuple[Measured, ...] = ()


def _missing(name: str) -> float:
    raise ValueError(f"{name} is missing")
