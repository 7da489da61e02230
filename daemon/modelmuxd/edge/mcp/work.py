"""What each tool does: the same handlers as for everybody else, asked with what a session knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import anyio
import msgspec
from muxwire.faults import USAGE, refuse
from muxwire.insight import Nothing, StatusParams
from muxwire.mcp import McpParams
from muxwire.methods import ANSWER, CANCEL, CHECK, DISPATCH, POLICY, STATUS, WAIT, WATCH, Method
from muxwire.runs import DispatchParams, Origin, RunResult

from modelmuxd.edge.calls import Call
from modelmuxd.edge.mcp import tools
from modelmuxd.edge.mcp.asking import Asking
from modelmuxd.edge.mcp.patience import patience
from modelmuxd.edge.table import Handlers

RECENT = 5


class Asked(NamedTuple):
    """One tool call: what was given, by whom, in which line."""

    given: Mapping[str, Any]
    client: str
    """As the MCP client calls itself."""
    number: int
    age: float

    @property
    def patience(self) -> float:
        return patience(self.client, self.given.get("wait_s"), self.age)


class Work:
    """Of one session."""

    def __init__(self, handlers: Handlers, params: McpParams, session: Call) -> None:
        self._handlers = handlers
        self._params = params
        self._session = session
        self._supplied: dict[str, str] = {}
        self._asked_for: set[str] = set()
        self._supplying = anyio.Lock()
        self._does = {tools.DISPATCH: self._dispatch, tools.RUN: self._run, tools.CHECK: self._check}

    def asking(self) -> Asking:
        return Asking(self._session, self._need)

    async def do(self, tool: tools.Tool, asked: Asked, asking: Asking) -> Any:
        """The tool's result. Raises FaultError."""
        return await self._does[tool](asked, asking)

    async def as_it_stands(self, run_id: str, asking: Asking) -> RunResult:
        """For a client that leaves."""
        return await self._wait(run_id, 0.0, asking)

    async def _dispatch(self, asked: Asked, asking: Asking) -> RunResult:
        given = {"failover": True, "workdir": self._params.workdir, **asked.given}
        params = msgspec.convert(given, DispatchParams, strict=False)
        params = msgspec.structs.replace(
            params,
            wait_s=asked.patience,
            cancel_on_hangup=not params.background,
            idempotency_key=params.idempotency_key or f"{self._params.nonce}-{asked.number}",
            origin=Origin(kind="mcp", caller=asked.client, workdir=self._params.workdir),
            env=self._params.env,
        )
        return _going_on(await self._ask(DISPATCH, params, asking))

    async def _run(self, asked: Asked, asking: Asking) -> RunResult:
        params = msgspec.convert(asked.given, tools.RunParams, strict=False)
        if params.action == "answer":
            return _going_on(await self._ask(ANSWER, ANSWER.params(params.run_id, params.text), asking))
        if params.action == "cancel":
            canceled: RunResult = (await self._ask(CANCEL, CANCEL.params((params.run_id,)), asking)).runs[0]
            return canceled
        if params.text:
            raise refuse(USAGE, "`text` is for an answer.", 'Say action="answer".')
        asking.about(params.run_id)
        return await self._wait(params.run_id, asked.patience if params.action == "wait" else 0.0, asking)

    async def _wait(self, run_id: str, seconds: float, asking: Asking) -> RunResult:
        """Watching on the way, so that there is something to tell."""
        if seconds:
            with anyio.move_on_after(seconds):
                await self._ask(WATCH, WATCH.params(run_id, follow=True), asking)
        return _going_on((await self._ask(WAIT, WAIT.params((run_id,), 0.0), asking)).runs[0])

    async def _check(self, asked: Asked, asking: Asking) -> tools.CheckAnswer:
        params = msgspec.convert(asked.given, tools.CheckParams, strict=False)
        here = params.workdir or self._params.workdir
        look = CHECK.params(
            refresh=params.refresh,
            diagnose=params.diagnose,
            env=self._params.env.values,
            workdir=here,
            client=asked.client,
        )
        check = await self._ask(CHECK, look, asking)
        status = await self._ask(STATUS, StatusParams(limit=RECENT), asking)
        return tools.CheckAnswer(
            check=check,
            client=asked.client,
            caller=check.caller,
            policy=await self._ask(POLICY, Nothing(), asking),
            running=status.running,
            waiting=status.waiting,
            recent=status.recent,
            today=status.today,
        )

    async def _ask(self, method: Method[Any, Any], params: Any, asking: Asking) -> Any:
        bound = self._handlers.find(method.name)
        asking.params, asking.method = params, method.name
        answer = bound.handler(params, asking)
        return await answer if bound.waits else answer

    async def _need(self, names: Collection[str]) -> dict[str, str]:
        """A shim's environment does not change: each name is asked for once."""
        async with self._supplying:
            new = [name for name in names if name not in self._asked_for]
            self._supplied |= await self._session.need(new)
            self._asked_for.update(new)
        return {name: self._supplied[name] for name in names if name in self._supplied}


def _going_on(result: RunResult) -> RunResult:
    """The next step in words that a model can follow."""
    if not result.next:
        return result
    step = f'mux_run(run_id="{result.run_id}", action="wait")'
    if result.waiting == "input":
        step = f'mux_run(run_id="{result.run_id}", action="answer", text="…")'
    return msgspec.structs.replace(result, next=step)
