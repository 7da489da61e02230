"""The tools: which method each asks, which of its fields a model sees, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from muxwire.faults import USAGE, refuse, unknown_name
from muxwire.insight import Caller, Check, RunLine, Today
from muxwire.policy import PolicyReport
from muxwire.runs import DispatchParams, RunResult

from modelmuxd.edge.mcp.schema import Schema, input_schema, output_schema


class RunParams(msgspec.Struct, frozen=True):
    """What `mux_run` takes."""

    run_id: Annotated[str, Meta(description="Run id, or 6 or more of its first characters.")]
    action: Annotated[
        Literal["get", "wait", "cancel", "answer"],
        Meta(description="`answer` sends `text` to a run that waits for input."),
    ] = "get"
    text: Annotated[str, Meta(description="The answer.")] = ""
    wait_s: Annotated[Annotated[float, Meta(ge=0)] | None, Meta(description="Seconds to wait at most.")] = None


class CheckParams(msgspec.Struct, frozen=True):
    """What `mux_check` takes."""

    refresh: Annotated[bool, Meta(description="Probe again instead of using the cache.")] = False
    diagnose: Annotated[bool, Meta(description="Also tell sandboxes, accounts and how the last runs ended.")] = False
    workdir: str = ""


class CheckAnswer(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What `mux_check` gives: what can be used, who asks, what is allowed, what goes on."""

    check: Check
    client: str
    """As the MCP client calls itself."""
    caller: Caller | None = None
    policy: PolicyReport
    running: tuple[RunLine, ...] = ()
    waiting: tuple[RunLine, ...] = ()
    recent: tuple[RunLine, ...] = ()
    today: Today | None = None


@dataclass(frozen=True, eq=False)
class Tool:
    """`params` decodes the arguments; `fields` are those that a caller may give."""

    name: str
    title: str
    description: str
    params: type[Any]
    result: type[Any]
    fields: tuple[str, ...]
    said: Mapping[str, str] = field(default_factory=dict)
    reads_only: bool = False

    @cached_property
    def input(self) -> Schema:
        return input_schema(self.params, self.fields, self.said)

    @cached_property
    def output(self) -> Schema:
        return output_schema(self.result)

    def read(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that were given. Raises FaultError, naming the one that is none or that is wrong."""
        for name in arguments:
            if name not in self.fields:
                raise unknown_name("argument", name, self.fields)
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            msgspec.convert(given, self.params, strict=False)
        except msgspec.ValidationError as error:
            raise refuse(USAGE, f"{self.name}: {error}.", f"{self.name} takes {', '.join(self.fields)}.") from None
        return given


_WORKDIR = "Absolute folder (default: the server's)."
_WAITING = "Seconds to wait for the end; then `next` tells how to go on."
_BACKGROUND = "Answer with the run id at once."
_KEY = "The same key is the same run: safe to send again."

DISPATCH = Tool(
    name="mux_dispatch",
    title="Send a task to an agent",
    description=(
        "Give one task to one AI coding agent (Codex, Claude, Gemini, …) and get its answer. The run is durable: when "
        "it takes longer than the call may, status is `running` and `next` names the mux_run call that waits on."
    ),
    params=DispatchParams,
    result=RunResult,
    fields=(
        *("task", "provider", "model", "sandbox", "workdir", "session_id", "continue_session", "timeout"),
        *("max_retries", "failover", "profile", "reasoning_effort", "priority", "wait_s", "background"),
        *("worktree", "carry", "idempotency_key"),
    ),
    said={
        "task": "What the agent should do, complete in itself.",
        "workdir": _WORKDIR,
        "failover": "Try the next provider when one cannot (default: true).",
        "wait_s": _WAITING,
        "worktree": "Work in a git worktree of its own, away from your files.",
        "carry": "Take along what is not committed (with worktree).",
        "background": _BACKGROUND,
        "idempotency_key": _KEY,
    },
)
RUN = Tool(
    name="mux_run",
    title="Look at a run, wait for it, end it",
    description="Get a run as it stands, wait for its end, cancel it, or answer its question.",
    params=RunParams,
    result=RunResult,
    fields=("run_id", "action", "text", "wait_s"),
)
CHECK = Tool(
    name="mux_check",
    title="See which agents can be used",
    description="Which providers can be used and what the others lack, who calls, policy, what runs and waits.",
    params=CheckParams,
    result=CheckAnswer,
    fields=("refresh", "diagnose", "workdir"),
    said={"workdir": _WORKDIR},
    reads_only=True,
)
TOOLS = {tool.name: tool for tool in (DISPATCH, RUN, CHECK)}
"""In the order in which they are listed."""


def find(name: str) -> Tool:
    """Raises a USAGE fault that names the nearest."""
    if tool := TOOLS.get(name):
        return tool
    raise unknown_name("tool", name, TOOLS)
