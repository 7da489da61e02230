"""How the chosen provider is asked: its adapter's invocation, with the environment that goes along."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from muxwire.faults import refuse

from modelmuxd.adapters.base import Adapter
from modelmuxd.domain.bill import Billing
from modelmuxd.domain.decision import Candidate
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage
from modelmuxd.engine.accept import effort_of
from modelmuxd.engine.environment import child_environment
from modelmuxd.engine.plan import Plan, TaskSettings, session_of
from modelmuxd.store.records import NewTask, Task


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One provider asked in its own way."""

    adapter: Adapter
    candidate: Candidate
    request: Request
    invocation: Invocation
    version: str
    billing: Billing
    env: Mapping[str, str]
    """The child's whole environment."""

    def __repr__(self) -> str:
        return f"Ask({self.candidate.provider}, {self.invocation.argv[0]!r})"


def ask(
    whole: Task,
    chosen: Candidate,
    plan: Plan,
    *,
    folder: Path,
    settings: TaskSettings,
    secrets: Mapping[str, str],
    session_usage: Usage | None = None,
    history: tuple[tuple[str, str], ...] = (),
    left: str = "",
    as_root: bool = False,
) -> Ask:
    """How to ask the chosen one. Raises FaultError for what its adapter cannot honour."""
    adapter, task = settings.adapters[chosen.provider], whole.new
    mine = settings.of(chosen.provider)
    request = Request(
        task=whole.answer or task.task,
        program=plan.located[chosen.provider].program,
        workdir=task.works_in,
        folder=str(folder),
        sandbox=task.sandbox,
        model=chosen.model,
        session=session_of(whole),
        session_usage=session_usage,
        history=history,
        left=left,
        run_id=task.run_id,
        effort=effort_of(task.effort),
        schema=task.schema,
        settings=mine,
        env=task.env,
        env_present=frozenset(task.env) | frozenset(secrets),
        as_root=as_root,
    )
    invocation = adapter.prepare(request)
    if settings.strict and invocation.enforced == "none":
        raise refuse("sandbox_denied", *_strict(adapter, task), provider=adapter.name)
    return Ask(
        adapter=adapter,
        candidate=chosen,
        request=request,
        invocation=invocation,
        version=plan.located[chosen.provider].version,
        billing=plan.located[chosen.provider].login.billing,
        env=child_environment(task.env, secrets, adapter, invocation, mine),
    )


def _strict(adapter: Adapter, task: NewTask) -> tuple[str, str]:
    text = f"{adapter.title} cannot enforce {task.sandbox!r}, and strict_sandbox asks for that."
    return text, "Ask another provider, or set strict_sandbox = false in your profiles.toml."
