"""The tasks extension (SEP-2663): what is sent is answered at once by its handle, and what a client asks with that.

A task is a run, so its id is good for as long as the run is kept, over daemons and sessions. Imports the SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, MISSING_REQUIRED_CLIENT_CAPABILITY, RequestParams
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from muxwire.detail import RunDetail, ShowParams
from muxwire.faults import FaultError
from muxwire.methods import ANSWER, CANCEL, SHOW

from modelmuxd.edge.mcp.answers import answer
from modelmuxd.edge.mcp.work import Work

EXTENSION = "io.modelcontextprotocol/tasks"
POLL_MS = 5000
QUESTION = "answer"
"""The key of the one input that a run can wait for."""
Context = ServerRequestContext[Any, Any]


class TaskRef(RequestParams):
    task_id: str


class TaskUpdate(TaskRef):
    input_responses: dict[str, Any] | None = None


def offered(ctx: Context) -> bool:
    """Whether this request's client knows tasks."""
    told = ctx.session.client_capabilities if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS else None
    return EXTENSION in ((told.extensions if told else None) or {})


class Tasks:
    """The methods of the extension, for one session."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def handle(self, run_id: str) -> dict[str, Any]:
        """Of a run that was just taken; it is stored by then."""
        return {"resultType": "task", **_task(await self._detail(run_id))}

    async def get(self, ctx: Context, params: TaskRef) -> dict[str, Any]:
        _require(ctx)
        detail = await self._detail(params.task_id)
        task: dict[str, Any] = {"resultType": "complete", **_task(detail)}
        if task["status"] == "completed":
            result = answer(await self._work.outcome(detail.result.run_id))
            task["result"] = {
                "resultType": "complete",
                **result.model_dump(by_alias=True, mode="json", exclude_none=True),
            }
        elif task["status"] == "input_required":
            task["inputRequests"] = {QUESTION: _question(detail)}
        return task

    async def update(self, ctx: Context, params: TaskUpdate) -> dict[str, Any]:
        _require(ctx)
        detail = await self._detail(params.task_id)
        if text := _answered(params.input_responses or {}):
            await self._ask(ANSWER, ANSWER.params(detail.result.run_id, text))
        return {"resultType": "complete"}

    async def cancel(self, ctx: Context, params: TaskRef) -> dict[str, Any]:
        _require(ctx)
        detail = await self._detail(params.task_id)
        if detail.ended_at is None:
            await self._ask(CANCEL, CANCEL.params((detail.result.run_id,)))
        return {"resultType": "complete"}

    async def _detail(self, run_id: str) -> RunDetail:
        detail: RunDetail = await self._ask(SHOW, ShowParams(run_id))
        return detail

    async def _ask(self, method: Any, params: Any) -> Any:
        try:
            return await self._work.ask(method, params, self._work.asking())
        except FaultError as error:
            raise MCPError(INVALID_PARAMS, f"{error.fault.message} {error.fault.hint}".rstrip()) from None


def _require(ctx: Context) -> None:
    if not offered(ctx):
        needed: dict[str, Any] = {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, f"The client does not declare {EXTENSION}.", needed)


def _task(detail: RunDetail) -> dict[str, Any]:
    """The handle of a run as it stands."""
    result = detail.result
    return {
        "taskId": result.run_id,
        "status": _status(detail),
        "statusMessage": result.waiting_for or (result.error.message if result.error else result.status),
        "createdAt": _time(detail.created_at),
        "lastUpdatedAt": _time(detail.ended_at or detail.started_at or detail.created_at),
        "ttlMs": None,  # as long as the run is kept, which its user decides
        "pollIntervalMs": POLL_MS,
    }


def _status(detail: RunDetail) -> str:
    """A run that failed is a completed task, whose result says so."""
    if detail.result.status == "canceled":
        return "cancelled"
    if detail.ended_at is not None:
        return "completed"
    return "input_required" if detail.result.waiting == "input" else "working"


def _question(detail: RunDetail) -> dict[str, Any]:
    schema = {"type": "object", "properties": {QUESTION: {"type": "string"}}, "required": [QUESTION]}
    asked = detail.result.summary or detail.result.waiting_for
    return {"method": "elicitation/create", "params": {"mode": "form", "message": asked, "requestedSchema": schema}}


def _answered(responses: Mapping[str, Any]) -> str:
    """What was answered; empty where the client has declined, or said something else."""
    response = responses.get(QUESTION)
    content = response.get("content") if isinstance(response, dict) and response.get("action") == "accept" else None
    text = content.get(QUESTION) if isinstance(content, dict) else None
    return text.strip() if isinstance(text, str) else ""


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
