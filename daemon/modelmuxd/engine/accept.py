"""From what a client asks to a task that is stored: the checks that need no provider. Pure but for one `stat`."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
from muxwire.faults import USAGE, Fault, refuse
from muxwire.routing import Prefer
from muxwire.runs import CallerEnv, DispatchParams, Origin, RetryParams
from muxwire.settings.model import Target
from muxwire.words import Effort

from modelmuxd.domain.plans import Plan, kind_of
from modelmuxd.domain.trial import Trial
from modelmuxd.engine.callers import excluded
from modelmuxd.engine.governor import Family
from modelmuxd.engine.results import dollars, micros
from modelmuxd.engine.run_ids import new_run_id
from modelmuxd.store.records import NewTask


def check(params: DispatchParams) -> None:
    """Raises FaultError for a request that could never run."""
    if not params.task.strip():
        raise refuse(USAGE, "The task is empty.", 'Say what to do: muxctl dispatch "…", or pipe it in.')
    if "\0" in params.task:
        raise refuse(USAGE, "The task holds a NUL byte.", "Agents take text; remove it.")
    if params.background and params.cancel_on_hangup:
        hint = "Leave out --background or --cancel-on-interrupt."
        raise refuse(USAGE, "A run in the background cannot end with its caller, who hangs up at once.", hint)
    if not params.workdir.startswith("/"):
        raise refuse(USAGE, f"The workdir {params.workdir!r} is not absolute.", "Clients send absolute folders.")
    if not Path(params.workdir).is_dir():
        raise refuse(USAGE, f"There is no folder {params.workdir!r}.", "Give an existing folder with -w.")
    if params.decompose and (params.session_id or params.after or params.delay):
        hint = "Leave out --session, --after and --delay, or --decompose."
        raise refuse(USAGE, "A task that is taken apart begins at once, and in no session.", hint)
    if params.carry and not params.worktree:
        raise refuse(USAGE, "--carry is about a worktree, and none is asked for.", "Add --worktree.")


def new_task(
    params: DispatchParams,
    *,
    origin: Origin,
    secret_names: Mapping[str, str],
    now: float,
    blocked: Fault | None,
    timeout: int,
    family: Family,
    after: tuple[str, ...] = (),
    retry_of: str = "",
    left_out: str = "",
    notify: tuple[Target, ...] = (),
    plan: Plan | None = None,
    trial: Trial | None = None,
    payload: str = "",
) -> NewTask:
    """The task as it will be stored. Only the names of secrets go into it; `after` are whole run ids; `left_out` is a
    provider that it is not to go to by itself."""
    auto = params.provider.partition("/")[0] == "auto"
    failover = params.failover if params.failover is not None else auto
    return NewTask(
        run_id=new_run_id(now),
        created_at=now,
        task=params.task,
        provider=kind_of(plan) if plan else params.provider,
        model=params.model,
        sandbox=params.sandbox,
        workdir=params.workdir,
        session_id=params.session_id,
        timeout=timeout,
        max_retries=params.max_retries,
        failover=failover,
        profile=params.profile,
        effort=params.reasoning_effort or "",
        priority=params.priority,
        origin=origin,
        env=params.env.values,
        env_names=tuple(sorted(secret_names)),
        idempotency_key=params.idempotency_key,
        payload_hash=payload or payload_hash(params),
        root=family.root,
        depth=family.depth,
        after=after,
        not_before=now + params.delay if params.delay else None,
        deadline=now + params.deadline if params.deadline is not None else None,
        retry_of=retry_of,
        caller_excluded=excluded(left_out, params, failover=failover),
        notify=notify,
        prefer=params.prefer or "",
        max_cost_micros=micros(params.max_cost),
        plan=plan,
        trial=trial,
        blocked=blocked,
    )


def again(old: NewTask, params: RetryParams) -> DispatchParams:
    """What a retry asks: what its run did, by whom it now says, and without what only held for that time.

    A session stays with its provider: asking another one starts anew.
    """
    moved = bool(params.provider) and params.provider.partition("/")[0] != old.provider.partition("/")[0]
    return DispatchParams(
        task=old.task,
        provider=params.provider or ("auto" if old.plan else old.provider),
        model=params.model or ("" if params.provider else old.model),
        sandbox=old.sandbox,
        workdir=old.workdir,
        session_id="" if moved else old.session_id,
        timeout=old.timeout,
        max_retries=old.max_retries,
        failover=old.failover if not params.provider else None,
        profile=old.profile,
        reasoning_effort=effort_of(old.effort),
        priority=old.priority,
        prefer=msgspec.convert(old.prefer, Prefer) if old.prefer else None,
        max_cost=dollars(old.max_cost_micros),
        wait_s=params.wait_s,
        background=params.background,
        cancel_on_hangup=params.cancel_on_hangup,
        deadline=old.deadline - old.created_at if old.deadline is not None else None,
        worktree=bool(old.worktree),
        carry=bool(old.worktree and old.worktree.carry),
        env=params.env,
    )


def effort_of(word: str) -> Effort | None:
    return msgspec.convert(word, Effort) if word else None


def payload_hash(params: msgspec.Struct) -> str:
    """What an idempotency key stands for: everything asked, but not how the client waits or from which shell."""
    if (
        isinstance(params, DispatchParams) and params.continue_session
    ):  # which one that is, is found out; another may be the last one by now
        params = msgspec.structs.replace(params, session_id="", provider="", model="")
    asked = msgspec.structs.replace(params, **_AROUND)
    return blake2b(msgspec.json.encode(asked, order="deterministic"), digest_size=16).hexdigest()


_AROUND: dict[str, Any] = {
    "wait_s": None,
    "background": False,
    "cancel_on_hangup": False,
    "env": CallerEnv(),
    "origin": Origin(),
    "idempotency_key": "",
}
"""How a client waits and who it is: no part of what it asks."""
