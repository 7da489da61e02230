"""`mcp`: the session of an IDE, relayed by its shim."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

import anyio.to_thread
from muxwire.faults import INTERNAL, refuse
from muxwire.insight import Nothing
from muxwire.mcp import McpParams

from modelmuxd.edge.calls import Call
from modelmuxd.edge.mcp.work import OutcomeOf, Work
from modelmuxd.edge.table import Handlers
from modelmuxd.engine.environment import LoginEnvironment

log = logging.getLogger(__name__)


class Mcp:
    """The SDK takes over a second and 60 MB to load: it is, beside everything else, with the first session."""

    def __init__(self, handlers: Handlers, login: LoginEnvironment, outcome: OutcomeOf) -> None:
        self._handlers = handlers
        self._login = login
        self._outcome = outcome

    async def __call__(self, params: McpParams, call: Call) -> Nothing:
        server = await anyio.to_thread.run_sync(_load)
        await server.serve(Work(self._handlers, params, call, self._login, self._outcome), call)
        return Nothing()


def _load() -> Any:
    try:
        return import_module("modelmuxd.edge.mcp.server")
    except ImportError as error:
        log.exception("the MCP SDK cannot be loaded")
        text = f"The MCP SDK cannot be loaded: {error}."
        raise refuse(
            INTERNAL, text, "Run `muxctl daemon restart`; if that does not help, install modelmux anew."
        ) from None
