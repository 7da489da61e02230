"""Which provider calls us: an agent that asks for help is not to get itself, unless it says so by name."""

from __future__ import annotations

import msgspec
from anyio import to_thread
from muxwire.insight import Caller
from muxwire.runs import DispatchParams

from modelmuxd.engine.plan import SettingsFor, TaskSettings, split_provider
from modelmuxd.runner.calling import Sign, sign_of
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Decided, NewTask

CLIENTS = {"claude-code": "claude", "codex-mcp-client": "codex", "gemini-cli-mcp-client": "gemini"}
"""As the CLIs name themselves to an MCP server, and nothing like it."""


class Callers:
    def __init__(self, store: TaskStore, settings_for: SettingsFor) -> None:
        self._store = store
        self._settings_for = settings_for

    async def find(self, pid: int, *, client: str, parent: str, workdir: str) -> Caller:
        """`client`: what an MCP client calls itself; `parent`: the run whose agent asks. Raises FaultError."""
        return await self.among(await self._settings_for(workdir, ""), pid, client=client, parent=parent)

    async def among(self, settings: TaskSettings, pid: int, *, client: str, parent: str) -> Caller:
        """The same, under settings that are known."""
        asking = (await self._store.find(parent)).provider if parent else ""
        known = judge(settings, parent=parent, asking=asking, client=client, sign=None)
        if known.provider:
            return known
        sign = await to_thread.run_sync(sign_of, pid)
        return judge(settings, parent=parent, asking=asking, client=client, sign=sign)


def judge(settings: TaskSettings, *, parent: str, asking: str, client: str, sign: Sign | None) -> Caller:
    """The first of these that says anything. Pure."""
    if settings.caller_override:
        found = Caller(settings.caller_override, "override", "caller_override says so")
    elif asking:
        found = Caller(asking, "run", f"the agent of run {parent} asks")
    elif client in CLIENTS:
        found = Caller(CLIENTS[client], "client", f"the MCP client is {client}")
    elif sign and sign.by == "environment":
        found = Caller(sign.provider, "environment", f"{sign.what} is set in its environment")
    elif sign:
        found = Caller(sign.provider, "process", f"it was started below {sign.what}")
    else:
        return Caller()
    return msgspec.structs.replace(found, excluded=settings.auto_exclude_caller)


def excluded(provider: str, params: DispatchParams, *, failover: bool) -> str:
    """The caller's provider, where the task could go to it by itself; empty where its user names it."""
    name, _ = split_provider(params.provider, "")
    return provider if (name == "auto" or failover) and name != provider else ""


def decided(caller: Caller, task: NewTask) -> tuple[Decided, ...]:
    """What `why` tells of it; of a composite its parts tell, each where it counts."""
    if not task.caller_excluded or task.plan:
        return ()
    text = f"{caller.provider} calls ({caller.text}), and is left out"
    return (Decided(kind="caller", text=text, data={"provider": caller.provider, "method": caller.method}),)
