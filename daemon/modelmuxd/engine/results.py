"""A run as its callers see it: the canonical result, derived from the stored task. Pure."""

from __future__ import annotations

from muxwire.detail import AttemptDetail
from muxwire.runs import Cost, RunResult, TokenUsage

from modelmuxd.domain.plans import kind_of
from modelmuxd.domain.usage import Usage
from modelmuxd.store.records import Attempt, Task

SUMMARY = 200
"""Characters of the answer that the summary shows, as in 0.29."""


def summary_of(text: str) -> str:
    return " ".join(text[: SUMMARY * 2].split("\n"))[:SUMMARY]


def token_usage(usage: Usage | None) -> TokenUsage | None:
    """The five buckets under 0.29's names: input holds the cached reads, output the reasoning."""
    if usage is None:
        return None
    into = usage.input + usage.cached + usage.cache_write
    out = usage.output + usage.reasoning
    return TokenUsage(
        input_tokens=into,
        output_tokens=out,
        total_tokens=into + out,
        cached_input_tokens=usage.cached,
        cache_write_input_tokens=usage.cache_write,
        reasoning_output_tokens=usage.reasoning,
    )


def cost_of(of: Task | Attempt) -> Cost:
    """Money, and beside it what a plan has paid for."""
    by = of.priced_by if isinstance(of, Task) else of.bill.by if of.bill else ""
    source = by or ("unknown" if of.cost_micros is None else "provider")
    return Cost(usd=dollars(of.cost_micros), source=source, plan_usd=dollars(of.plan_micros))


def dollars(micros: int | None) -> float | None:
    return None if micros is None else micros / 1_000_000


def micros(dollars: float | None) -> int | None:
    return None if dollars is None else round(dollars * 1_000_000)


def duration_of(task: Task, now: float) -> float:
    if task.started_at is None:
        return 0.0
    return round(max(0.0, (task.ended_at or now) - task.started_at), 3)


def result_of(task: Task, now: float, output: str | None = None) -> RunResult:
    """The canonical result as it stands; `output` when the caller has read it from its file."""
    new = task.new
    ended = task.ended_at is not None
    return RunResult(
        run_id=new.run_id,
        provider=task.provider or new.provider,
        status=task.state,
        summary=task.summary,
        output=task.output if output is None else output,
        session_id=task.session_id or new.session_id,
        duration_seconds=duration_of(task, now),
        token_usage=token_usage(task.usage),
        routed_from="auto" if new.provider == "auto" else None,
        caller_excluded=(not new.plan and new.caller_excluded) or None,
        model=task.model or new.model,
        cost=cost_of(task),
        error=task.fault,
        sandbox=new.sandbox,
        sandbox_enforced=task.enforced,
        attempts=task.attempts,
        failover_from=task.failover_from or None,
        waiting=task.waiting,
        waiting_for=task.waiting_for,
        until=task.not_before if task.waiting else None,
        output_size=task.output_size or None,
        output_cleaned=task.cleaned,
        profile=new.profile,
        kind=kind_of(new.plan) if new.plan else "",
        part_of=new.part_of,
        step=new.step,
        round=new.round,
        worktree=new.worktree.path if new.worktree else "",
        changes=task.changes,
        verified=task.verified,
        next="" if ended else f"muxctl wait {new.run_id}",
    )


def attempt_detail(attempt: Attempt) -> AttemptDetail:
    return AttemptDetail(
        number=attempt.number,
        provider=attempt.provider,
        model=attempt.model,
        state=attempt.state,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        exit_code=attempt.exit_code,
        fault=attempt.fault,
        token_usage=token_usage(attempt.usage),
        cost=cost_of(attempt),
        session_id=attempt.session_id,
        sandbox_enforced=attempt.enforced,
        argv=attempt.argv,
        cli_version=attempt.cli_version,
    )
