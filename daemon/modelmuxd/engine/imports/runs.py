"""Runs made of 0.29's records. Pure: the same line makes the same runs, with the same ids."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
from muxwire.faults import Fault
from muxwire.runs import Origin
from muxwire.settings.model import Pattern
from muxwire.words import FinalState, Sandbox

from modelmuxd.domain.plans import Broadcast, Collaboration, Member, Plan, PlannedStep, Workflow
from modelmuxd.domain.usage import Usage
from modelmuxd.engine.imports.peer import Audited, Finished, Result, Tokens
from modelmuxd.engine.results import summary_of
from modelmuxd.engine.run_ids import run_id_of
from modelmuxd.store.records import Attempt, NewTask, OldRun, Task

TIMEOUT = 300
_STATES: dict[str, FinalState] = {
    "success": "success",
    "completed": "success",
    "timeout": "timeout",
    "canceled": "canceled",
    "cancelled": "canceled",
    "blocked": "blocked",
}
_KINDS = {"dispatch": "mcp", "broadcast": "mcp", "workflow": "mcp", "collaborate": "mcp", "decompose": "mcp"}
_SANDBOXES: dict[str, Sandbox] = {"read-only": "read-only", "write": "write", "full": "full"}
_RULE = "total_only"
"""0.29 kept two sums: what of them was cached or reasoning is not known."""


def state_of(status: str | None) -> FinalState:
    return _STATES.get(status or "", "error")


def of_finished(line: Finished, digest: bytes) -> tuple[OldRun, ...]:
    """The run, and those that it was made of."""
    parts = _parts(line)
    if not parts:
        return (_run(line, line, digest, 0, kind=_kind(line)),)
    plan = _plan(line, parts)
    whole = _run(line, line, digest, 0, kind=_kind(line), plan=plan)
    part_of = whole.task.new.run_id
    turns = (
        _run(line, part, digest, at, kind=_kind(line), part_of=part_of, step=name)
        for at, (name, part) in enumerate(parts, 1)
    )
    return (whole, *turns)


def of_audited(line: Audited, ended: float, digest: bytes) -> OldRun:
    result = Result(
        provider=line.provider,
        status=line.status,
        session_id=line.session_id,
        duration_seconds=line.duration_seconds,
        error=line.error,
        profile=line.profile,
        routed_from=line.routed_from,
    )
    finished = Finished(ts=ended, task=line.task_summary)
    run = _run(finished, result, digest, 0, kind="mcp", caller=line.caller or "", sandbox=line.sandbox or "")
    by = f" by {line.caller}" if line.caller else ""
    echo = f"asked{by}, with the sandbox {line.sandbox or 'read-only'}: {line.status or 'error'}"
    return msgspec.structs.replace(run, echo=echo)


def of_remote(task_id: str, state: str, began: float, ended: float, output: str, digest: bytes) -> OldRun:
    result = Result(run_id=task_id, status=state, output=output, duration_seconds=max(0.0, ended - began))
    return _run(Finished(ts=ended, task=f"A2A task {task_id}"), result, digest, 0, kind="a2a")


def _kind(line: Finished) -> str:
    return _KINDS.get(line.source or "", "cli")


def _parts(line: Finished) -> list[tuple[str, Result]]:
    """The results that a line holds, each with a name that no other of them has."""
    found = [(one.step or one.provider or "part", one) for one in line.results or line.steps or ()]
    for turn in line.turns or ():
        result = Result(
            provider=turn.provider, status=turn.status, output=turn.output_summary, duration_seconds=turn.duration
        )
        found.append((turn.role or "turn", result))
    names: list[str] = []
    for name, _ in found:
        names.append(name if name not in names else f"{name}#{len(names) + 1}")
    return [(name, one) for name, (_, one) in zip(names, found, strict=True)]


def _plan(line: Finished, parts: list[tuple[str, Result]]) -> Plan:
    if line.turns is not None:
        pattern = Pattern(description="of modelmux 0.29")
        return Collaboration(name=line.pattern or "review", pattern=pattern, max_rounds=1, timeout=TIMEOUT)
    if line.steps is not None:
        steps = tuple(PlannedStep(name=name, task="", timeout=TIMEOUT) for name, _ in parts)
        return Workflow(name=line.workflow or "workflow", steps=steps)
    members = tuple(Member(name=name, provider=one.provider or "") for name, one in parts)
    return Broadcast(members=members, timeout=TIMEOUT)


def _run(
    line: Finished,
    result: Result,
    digest: bytes,
    number: int,
    *,
    kind: str,
    plan: Plan | None = None,
    part_of: str = "",
    step: str = "",
    caller: str = "",
    sandbox: str = "",
) -> OldRun:
    ended, length = line.ts, result.duration_seconds or 0.0
    began = max(0.0, ended - length)
    state = _whole_state(line) if plan else state_of(result.status)
    provider = "" if plan else result.provider or ""
    output = result.output or (line.final_output if plan else "") or ""
    usage, session = _usage(result.token_usage), result.session_id or ""
    fault = Fault(state, result.error or f"It ended as {state}.") if state != "success" else None
    run_id = run_id_of(began, blake2b(digest + bytes([number % 256]), digest_size=10).digest())
    new = NewTask(
        run_id=run_id,
        created_at=began,
        task=line.task or "",
        provider=(result.routed_from or provider) or "auto",
        sandbox=_SANDBOXES.get(sandbox, "read-only"),
        timeout=TIMEOUT,
        profile=result.profile or "",
        origin=Origin(kind=kind, caller=caller),
        plan=plan,
        part_of=part_of,
        step=step,
    )
    asked = plan is None and provider != "" and state != "blocked"
    task = Task(
        new=new,
        state=state,
        started_at=None if state == "blocked" else began,
        ended_at=ended,
        provider=provider,
        session_id=session,
        summary=result.summary or summary_of(output),
        output=output,
        output_size=len(output.encode()),
        fault=fault,
        usage=usage,
        failover_from=result.failover_from or "",
        attempts=int(asked),
    )
    attempt = Attempt(
        run_id=run_id,
        number=1,
        provider=provider,
        account=provider,
        folder=f"imported-{run_id}",
        started_at=began,
        ended_at=ended,
        state=state,
        fault=fault,
        session_id=session,
        usage=usage,
    )
    named = f", where it was {result.run_id}" if result.run_id else ""
    return OldRun(
        task=task,
        attempt=attempt if asked else None,
        old_id=result.run_id or "",
        why=f"taken over from modelmux 0.29{named}",
    )


def _whole_state(line: Finished) -> FinalState:
    """0.29 gave what is made of several no status of its own."""
    if line.status or line.state:
        return state_of(line.status or line.state)
    done = any(state_of(one.status) == "success" for one in line.results or line.steps or ())
    return "success" if done else "error"


def _usage(tokens: Tokens | None) -> Usage | None:
    return Usage(input=tokens.input_tokens, output=tokens.output_tokens, rule=_RULE) if tokens else None
