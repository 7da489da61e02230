"""From a turn to a task: it inherits all that its composite was asked with, and passes the policy like any other."""

from __future__ import annotations

import msgspec
from muxwire.runs import CallerEnv, DispatchParams

from modelmuxd.domain.plans import Turn, kind_of
from modelmuxd.engine.accept import effort_of, new_task
from modelmuxd.engine.governor import Family, Governor
from modelmuxd.store.records import NewTask


def offspring(parent: NewTask, turn: Turn, governor: Governor, now: float, max_cost_micros: int | None) -> NewTask:
    """It stands as deep as its composite, which takes no slot from it, and shares its lease of the folder."""
    assert parent.plan is not None
    asked = _asked(parent, turn)
    family = Family(parent=parent.run_id, root=parent.root or parent.run_id, depth=parent.depth)
    task = new_task(
        asked,
        origin=msgspec.structs.replace(parent.origin, kind=kind_of(parent.plan), parent=parent.run_id),
        secret_names=dict.fromkeys(parent.env_names, ""),
        now=now,
        blocked=governor.refused(asked, family),
        timeout=governor.timeout(turn.timeout),
        family=family,
        left_out=parent.caller_excluded,
    )
    place = {
        "worktree": parent.worktree,
        "part_of": parent.run_id,
        "step": turn.step,
        "round": turn.round,
        "schema": turn.schema,
        "max_cost_micros": max_cost_micros,
        "deadline": parent.deadline,
    }
    return msgspec.structs.replace(task, **place)


def _asked(parent: NewTask, turn: Turn) -> DispatchParams:
    return DispatchParams(
        task=turn.task,
        provider=turn.provider,
        model=turn.model,
        sandbox=turn.sandbox or parent.sandbox,
        workdir=parent.workdir,
        session_id=turn.session_id,
        timeout=turn.timeout,
        max_retries=turn.max_retries,
        failover=turn.failover,
        profile=parent.profile,
        reasoning_effort=effort_of(parent.effort),
        priority=parent.priority,
        env=CallerEnv(parent.env),
    )
