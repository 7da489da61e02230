"""What each tool does: the same handlers as for everybody else, asked with what a session knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from posixpath import join, normpath
from typing import Any, NamedTuple

import anyio
import msgspec
from muxwire.broadcast import BroadcastParams
from muxwire.collaborate import CollaborateParams
from muxwire.faults import USAGE, refuse
from muxwire.feedback import FeedbackParams
from muxwire.history import HistoryParams
from muxwire.insight import Nothing, StatusParams
from muxwire.mcp import McpParams
from muxwire.methods import (
    ANSWER,
    BROADCAST,
    CANCEL,
    CHECK,
    COLLABORATE,
    DISPATCH,
    FEEDBACK,
    HISTORY,
    PATTERNS,
    POLICY,
    ROUTE,
    STATUS,
    WATCH,
    WORKFLOW,
    WORKFLOWS,
    Method,
)
from muxwire.runs import CallerEnv, DispatchParams, Origin
from muxwire.workflow import WorkflowParams

from modelmuxd.edge.calls import Call
from modelmuxd.edge.mcp import tools
from modelmuxd.edge.mcp.arguments import (
    CheckAnswer,
    CheckParams,
    CollaborateArguments,
    DispatchArguments,
    FeedbackArguments,
    HistoryArguments,
    RunParams,
    WorkflowArguments,
    only,
    roles,
)
from modelmuxd.edge.mcp.asking import Asking
from modelmuxd.edge.mcp.patience import patience
from modelmuxd.edge.table import Handlers
from modelmuxd.engine.environment import LoginEnvironment

RECENT = 5
OutcomeOf = Callable[[str], Awaitable[msgspec.Struct]]
"""What a run gives, by its id or the beginning of that. Raises FaultError."""


class Asked(NamedTuple):
    """One tool call: what was given, by whom, in which line."""

    given: Mapping[str, Any]
    client: str
    """As the MCP client calls itself."""
    number: int
    age: float
    hurry: bool = False
    """Whether it is to be answered as it stands."""

    @property
    def patience(self) -> float:
        return 0.0 if self.hurry else patience(self.client, self.given.get("wait_s"), self.age)


class Work:
    """Of one session."""

    def __init__(
        self, handlers: Handlers, params: McpParams, session: Call, login: LoginEnvironment, outcome: OutcomeOf
    ) -> None:
        self._handlers = handlers
        self.outcome = outcome
        self._login = login
        self._params = params
        self._session = session
        self._supplied: dict[str, str] = {}
        self._asked_for: set[str] = set()
        self._supplying = anyio.Lock()
        self._does: dict[tools.Tool, Callable[[Asked, Asking], Awaitable[Any]]] = {
            tools.DISPATCH: self._dispatch,
            tools.BROADCAST: self._broadcast,
            tools.COLLABORATE: self._collaborate,
            tools.WORKFLOW: self._workflow,
            tools.RUN: self._run,
            tools.HISTORY: self._history,
            tools.FEEDBACK: self._feedback,
            tools.CHECK: self._check,
        }

    def asking(self) -> Asking:
        return Asking(self._session, self._need)

    async def do(self, tool: tools.Tool, asked: Asked, asking: Asking) -> Any:
        """The tool's result. Raises FaultError. Doing it again with the same line attaches to the same run."""
        return _going_on(await self._does[tool](asked, asking))

    async def ask(self, method: Method[Any, Any], params: Any, asking: Asking) -> Any:
        """What a method's handler answers."""
        bound = self._handlers.find(method.name)
        asking.params, asking.method = params, method.name
        answer = bound.handler(params, asking)
        return await answer if bound.waits else answer

    async def _dispatch(self, asked: Asked, asking: Asking) -> Any:
        given = msgspec.convert({"failover": True, **asked.given}, DispatchArguments, strict=False)
        params = msgspec.structs.replace(only(DispatchParams, given), decompose=given.auto_decompose)
        return await self._send(DISPATCH, params, asked, asking)

    async def _broadcast(self, asked: Asked, asking: Asking) -> Any:
        params = msgspec.convert(asked.given, BroadcastParams, strict=False)
        return await self._send(BROADCAST, params, asked, asking)

    async def _collaborate(self, asked: Asked, asking: Asking) -> Any:
        given = msgspec.convert(asked.given, CollaborateArguments, strict=False)
        if given.list_patterns:
            return await self.ask(PATTERNS, PATTERNS.params(self._folder(given.workdir)), asking)
        try:
            params = msgspec.structs.replace(only(CollaborateParams, given), roles=roles(given.providers))
        except msgspec.MsgspecError as error:
            raise refuse(USAGE, f"`providers`: {error}.", 'Say {"reviewer": "claude"}.') from None
        return await self._send(COLLABORATE, params, asked, asking)

    async def _workflow(self, asked: Asked, asking: Asking) -> Any:
        given = msgspec.convert(asked.given, WorkflowArguments, strict=False)
        if given.list_workflows:
            return await self.ask(WORKFLOWS, WORKFLOWS.params(workdir=self._folder(given.workdir)), asking)
        return await self._send(WORKFLOW, only(WorkflowParams, given), asked, asking)

    async def _history(self, asked: Asked, asking: Asking) -> Any:
        given = msgspec.convert(asked.given, HistoryArguments, strict=False)
        workdir = self._folder(given.workdir) if given.workdir else ""
        params = msgspec.structs.replace(only(HistoryParams, given), stats=given.stats_only, workdir=workdir)
        return await self.ask(HISTORY, params, asking)

    async def _feedback(self, asked: Asked, asking: Asking) -> Any:
        given = msgspec.convert(asked.given, FeedbackArguments, strict=False)
        params = msgspec.structs.replace(only(FeedbackParams, given), list=given.list_recent)
        return await self.ask(FEEDBACK, params, asking)

    async def _send(self, method: Method[Any, Any], params: Any, asked: Asked, asking: Asking) -> Any:
        """A task, with what the session knows of its sender."""
        params = msgspec.structs.replace(
            params,
            workdir=self._folder(params.workdir),
            wait_s=asked.patience,
            cancel_on_hangup=not params.background,
            idempotency_key=params.idempotency_key or f"{self._params.nonce}-{asked.number}",
            origin=Origin(kind="mcp", caller=asked.client, workdir=self._params.workdir),
            env=CallerEnv(await self._env()),
        )
        return await self.ask(method, params, asking)

    def _folder(self, given: str) -> str:
        return normpath(join(self._params.workdir, given))

    async def _run(self, asked: Asked, asking: Asking) -> Any:
        params = msgspec.convert(asked.given, RunParams, strict=False)
        if params.text and params.action != "answer":
            raise refuse(USAGE, "`text` is for an answer.", 'Say action="answer".')
        asking.about(params.run_id)
        if params.action == "answer":
            await self.ask(ANSWER, ANSWER.params(params.run_id, params.text), asking)
        elif params.action == "cancel":
            await self.ask(CANCEL, CANCEL.params((params.run_id,)), asking)
        elif params.action == "wait":
            with anyio.move_on_after(asked.patience):  # watching on the way, so that there is something to tell
                await self.ask(WATCH, WATCH.params(params.run_id, follow=True), asking)
        return await self.outcome(params.run_id)

    async def _check(self, asked: Asked, asking: Asking) -> CheckAnswer:
        params = msgspec.convert(asked.given, CheckParams, strict=False)
        here = self._folder(params.workdir)
        look = CHECK.params(
            refresh=params.refresh,
            diagnose=bool(params.diagnose),
            env=self._params.env.values,
            workdir=here,
            client=asked.client,
        )
        check = await self.ask(CHECK, look, asking)
        status = await self.ask(STATUS, StatusParams(limit=RECENT), asking)
        return CheckAnswer(
            check=check,
            client=asked.client,
            caller=check.caller,
            policy=await self.ask(POLICY, Nothing(), asking),
            running=status.running,
            waiting=status.waiting,
            recent=status.recent,
            today=status.today,
            route=await self._route(params.diagnose, here, asked, asking) if _is_task(params.diagnose) else None,
        )

    async def _route(self, task: bool | str, workdir: str, asked: Asked, asking: Asking) -> Any:
        origin = Origin(kind="mcp", caller=asked.client, workdir=workdir)
        params = DispatchParams(str(task), workdir=workdir, origin=origin, env=CallerEnv(await self._env()))
        return await self.ask(ROUTE, params, asking)

    async def _env(self) -> dict[str, str]:
        """The shim's, and on its PATH what is on the login shell's: a program with windows has hardly any."""
        own = self._params.env.values
        paths = [*own.get("PATH", "").split(":"), *(await self._login()).values.get("PATH", "").split(":")]
        return {**own, "PATH": ":".join(dict.fromkeys(filter(None, paths)))}

    async def _need(self, names: Collection[str]) -> dict[str, str]:
        """From the shim, whose environment does not change: each name is asked for once. Codex and Gemini keep keys
        from the servers that they start; those come from the login shell."""
        async with self._supplying:
            new = [name for name in names if name not in self._asked_for]
            self._supplied |= await self._session.need(new)
            self._asked_for.update(new)
        known = {**(await self._login()).values, **self._supplied}
        return {name: known[name] for name in names if name in known}


def _is_task(diagnose: bool | str) -> bool:
    return isinstance(diagnose, str) and diagnose.lower() not in ("true", "false", "1", "0", "yes", "no")


def _going_on(result: Any) -> Any:
    """The next step in words that a model can follow."""
    if not getattr(result, "next", "").startswith("muxctl wait "):
        return result
    step = f'mux_run(run_id="{result.run_id}", action="wait")'
    if getattr(result, "waiting", None) == "input":
        step = f'mux_run(run_id="{result.run_id}", action="answer", text="…")'
    return msgspec.structs.replace(result, next=step)
