"""One MCP session: the SDK's server over a shim's lines. Imports the SDK."""

from __future__ import annotations

import logging
from typing import Any

import anyio
import msgspec
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Tool,
    ToolAnnotations,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from muxwire.detail import ShowParams
from muxwire.faults import INTERNAL, STORAGE, Fault, FaultError
from muxwire.insight import StatusParams
from muxwire.methods import SHOW, STATUS
from muxwire.version import VERSION

from modelmuxd.edge.calls import Call
from modelmuxd.edge.mcp import prompts, resources, tasks, tools
from modelmuxd.edge.mcp.answers import answer, refusal
from modelmuxd.edge.mcp.asking import Asking
from modelmuxd.edge.mcp.relay import Relay, Source
from modelmuxd.edge.mcp.work import Asked, Work
from modelmuxd.store.interface import StoreFull

log = logging.getLogger(__name__)

LAST = 1.0
"""Seconds that calls in flight have once the client says no more; then they are answered as they stand."""
INSTRUCTIONS = (
    "Gives coding tasks to other AI agents. mux_check tells which can be used; mux_dispatch sends a task; a run that "
    "takes longer goes on, and mux_run waits for it by its run_id."
)
RESOURCE_NOT_FOUND = -32002
"""Until 2025-11-25; then it is INVALID_PARAMS."""
Context = ServerRequestContext[Any, Any]


async def serve(work: Work, call: Call) -> None:
    """Until the client has said its last and been answered, or the lines end."""
    relay = Relay(call)
    session = Session(work, relay)
    await relay.run(session.server)


def _listed(tool: tools.Tool) -> Tool:
    # What is not said is the default: neither read-only nor idempotent, and in an open world.
    hints = (
        ToolAnnotations(read_only_hint=True, open_world_hint=False)
        if tool.reads_only
        else ToolAnnotations(destructive_hint=False)
    )
    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input,
        output_schema=tool.output,
        annotations=hints,
    )


LISTED = [_listed(tool) for tool in tools.TOOLS.values()]


class Session:
    def __init__(self, work: Work, relay: Relay) -> None:
        self._work = work
        self._relay = relay
        self._tasks = tasks.Tasks(work)
        self.server: Server[Any] = Server(
            "modelmux",
            version=VERSION,
            title="modelmux",
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
        )
        self.server.extensions[tasks.EXTENSION] = {}
        self.server.add_request_handler("tasks/get", tasks.TaskRef, self._tasks.get)
        self.server.add_request_handler("tasks/update", tasks.TaskUpdate, self._tasks.update)
        self.server.add_request_handler("tasks/cancel", tasks.TaskRef, self._tasks.cancel)

    async def _list_tools(self, ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=LISTED)

    async def _call_tool(self, ctx: Context, params: CallToolRequestParams) -> Any:
        try:
            tool = tools.find(params.name)
            source = ctx.request
            assert isinstance(source, Source)  # the relay attaches it
            asked = Asked(tool.read(params.arguments or {}), client_of(ctx), source.number, source.age)
            if tool in tools.SENDING and tasks.offered(ctx):
                taken = await self._work.do(tool, asked._replace(hurry=True), self._work.asking())
                return await self._tasks.handle(taken.run_id) if hasattr(taken, "run_id") else answer(taken)
            return answer(await self._done(tool, asked, ctx, source))
        except FaultError as error:
            return refusal(error.fault)
        except StoreFull:
            return refusal(Fault(STORAGE, "The disk is full, and nothing of this was kept.", "Make room, ask again."))
        except Exception:
            log.exception("%s failed", params.name)
            return refusal(Fault(INTERNAL, f"{params.name} failed.", "`muxctl logs --daemon` says why."))

    async def _list_resources(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        asked = StatusParams(limit=resources.LISTED)
        return resources.listed(await self._work.ask(STATUS, asked, self._work.asking()))

    async def _list_templates(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        return resources.TEMPLATES

    async def _read_resource(self, ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        uri = str(params.uri)
        try:
            if found := resources.address(uri):
                detail = await self._work.ask(SHOW, ShowParams(found.run_id), self._work.asking())
                return resources.read(uri, detail, output=found.output)
        except FaultError as error:
            raise _no_resource(ctx, uri, error.fault.message) from None
        raise _no_resource(ctx, uri, "There is no such resource.")

    async def _list_prompts(self, ctx: Context, params: PaginatedRequestParams | None) -> ListPromptsResult:
        return prompts.LISTED

    async def _get_prompt(self, ctx: Context, params: GetPromptRequestParams) -> GetPromptResult:
        try:
            return prompts.get(params.name, params.arguments or {})
        except FaultError as error:
            raise MCPError(INVALID_PARAMS, f"{error.fault.message} {error.fault.hint}".rstrip()) from None

    async def _done(self, tool: tools.Tool, asked: Asked, ctx: Context, source: Source) -> msgspec.Struct:
        """The result, or how it stands once the client leaves; the client is told of it meanwhile."""
        asking = self._work.asking()
        source.watched_by = asking
        came: msgspec.Struct | Exception | None = None
        async with anyio.create_task_group() as beside:
            beside.start_soon(asking.tell, ctx.session.report_progress)
            with anyio.CancelScope() as waiting:
                beside.start_soon(self._cut_short, waiting, asking)
                try:
                    came = await self._work.do(tool, asked, asking)
                except Exception as error:  # raised below: a task group would wrap it
                    came = error
            beside.cancel_scope.cancel()
        if isinstance(came, Exception):
            raise came
        return came or await self._work.do(tool, asked._replace(hurry=True), asking)

    async def _cut_short(self, waiting: anyio.CancelScope, asking: Asking) -> None:
        await self._relay.leaving.wait()
        await anyio.sleep(LAST)
        await asking.taken.wait()
        waiting.cancel()


def _no_resource(ctx: Context, uri: str, why: str) -> MCPError:
    code = INVALID_PARAMS if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS else RESOURCE_NOT_FOUND
    return MCPError(code, why, {"uri": uri})


def client_of(ctx: Context) -> str:
    """As the client calls itself; empty where it does not say."""
    told = ctx.session.client_params
    return told.client_info.name if told else ""
