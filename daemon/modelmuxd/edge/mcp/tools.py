"""The tools: which method each asks, which of its fields a model sees, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
from muxwire.broadcast import BroadcastParams, BroadcastResult
from muxwire.collaborate import CollaborateResult, PatternList
from muxwire.faults import USAGE, refuse, unknown_name
from muxwire.feedback import FeedbackResult
from muxwire.history import HistoryResult
from muxwire.runs import RunResult
from muxwire.workflow import WorkflowList, WorkflowResult

from modelmuxd.edge.mcp.arguments import (
    CheckAnswer,
    CheckParams,
    CollaborateArguments,
    DispatchArguments,
    FeedbackArguments,
    HistoryArguments,
    RunParams,
    WorkflowArguments,
)
from modelmuxd.edge.mcp.schema import Schema, input_schema, output_schema


@dataclass(frozen=True, eq=False)
class Tool:
    """`params` decodes the arguments; `fields` are those that a caller may give."""

    name: str
    title: str
    description: str
    params: type[Any]
    result: tuple[type[Any], ...]
    """One of these."""
    fields: tuple[str, ...]
    said: Mapping[str, str] = field(default_factory=dict)
    reads_only: bool = False

    @cached_property
    def input(self) -> Schema:
        return input_schema(self.params, self.fields, {**_COMMON, **self.said})

    @cached_property
    def output(self) -> Schema:
        return output_schema(*self.result)

    def read(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that say something; 0.29's callers send empty texts for nothing. Raises FaultError, naming the
        one that is none or that is wrong."""
        for name in arguments:
            if name not in self.fields:
                raise unknown_name("argument", name, self.fields)
        given = {name: value for name, value in arguments.items() if value not in (None, "")}
        try:
            msgspec.convert(given, self.params, strict=False)
        except msgspec.ValidationError as error:
            raise refuse(USAGE, f"{self.name}: {error}.", f"{self.name} takes {', '.join(self.fields)}.") from None
        return given


_COMMON = {
    "workdir": "Folder (default: the server's).",
    "wait_s": "Seconds to wait for the end.",
    "background": "Do not wait.",
    "idempotency_key": "Same key, same run.",
    "worktree": "Work in a git worktree of its own.",
    "carry": "With worktree: and what is not committed.",
    "timeout": "Seconds it may take.",
    "task": "What to do, complete in itself.",
    "profile": "From profiles.toml.",
    "failover": "Try the next one (default: true).",
    "session_id": "Session to go on with, or a run of it.",
    "continue_session": "Go on with the folder's last session.",
    "max_retries": "Attempts per provider.",
    "max_cost": "Dollars it may cost.",
}
"""Words that are shorter than the command line's, or speak of what a model has."""
_SENT = ("wait_s", "background", "idempotency_key")

DISPATCH = Tool(
    name="mux_dispatch",
    title="Send a task to an agent",
    description=(
        "Give one task to one AI coding agent (Codex, Claude, Gemini, …) and get its answer. When it takes longer than "
        "a call may, status is `running`: it goes on, and `next` is the call that waits for it."
    ),
    params=DispatchArguments,
    result=(RunResult,),
    fields=(
        *("task", "provider", "model", "sandbox", "workdir", "session_id", "continue_session", "timeout"),
        *("max_retries", "failover", "profile", "reasoning_effort", "priority", "prefer", "max_cost", "worktree"),
        *("carry", *_SENT, "auto_decompose"),
    ),
)
BROADCAST = Tool(
    name="mux_broadcast",
    title="Ask several agents at once",
    description="Give one task to several agents at once and get all their answers.",
    params=BroadcastParams,
    result=(BroadcastResult,),
    fields=(
        *("task", "providers", "model", "quorum", "sandbox", "workdir", "timeout", "profile", "compare", "max_cost"),
        *_SENT,
    ),
)
COLLABORATE = Tool(
    name="mux_collaborate",
    title="Let agents work together",
    description="Let agents work on a task in turns: review until approved, consensus, or debate with an arbiter.",
    params=CollaborateArguments,
    result=(CollaborateResult, PatternList),
    fields=(
        *("task", "pattern", "providers", "max_rounds", "max_cost", "sandbox", "workdir", "timeout", "worktree"),
        *(*_SENT, "list_patterns"),
    ),
    said={"pattern": "review, consensus, debate or one from profiles.toml.", "max_rounds": "0: the pattern's."},
)
WORKFLOW = Tool(
    name="mux_workflow",
    title="Run a workflow",
    description="Do a task in the steps of a named workflow.",
    params=WorkflowArguments,
    result=(WorkflowResult, WorkflowList),
    fields=("workflow", "task", "max_cost", "workdir", "timeout", "worktree", *_SENT, "list_workflows"),
)
RUN = Tool(
    name="mux_run",
    title="Look at a run, wait for it, end it",
    description="Get a run as it stands, wait for its end, cancel it, or answer its question.",
    params=RunParams,
    result=(RunResult, BroadcastResult, CollaborateResult, WorkflowResult),
    fields=("run_id", "action", "text", "wait_s"),
)
FEEDBACK = Tool(
    name="mux_feedback",
    title="Rate an answer",
    description="Rate a run's answer, from which routing learns.",
    params=FeedbackArguments,
    result=(FeedbackResult,),
    fields=("run_id", "rating", "provider", "comment", "list_recent"),
)
HISTORY = Tool(
    name="mux_history",
    title="Look up what was done",
    description="Find ended runs, newest first, or their sums.",
    params=HistoryArguments,
    result=(HistoryResult,),
    fields=(*("limit", "text", "provider", "status", "hours", "workdir", "stats_only", "costs"),),
    said={
        "text": "Words to find.",
        "workdir": "This folder and below.",
        "hours": "The last so many.",
        "limit": "How many.",
        "stats_only": "Only sums by provider.",
    },
    reads_only=True,
)
CHECK = Tool(
    name="mux_check",
    title="See which agents can be used",
    description="Which providers can be used and what the others lack, who calls, policy, what runs and waits.",
    params=CheckParams,
    result=(CheckAnswer,),
    fields=("refresh", "diagnose", "workdir"),
    reads_only=True,
)
TOOLS = {tool.name: tool for tool in (DISPATCH, BROADCAST, COLLABORATE, WORKFLOW, RUN, HISTORY, FEEDBACK, CHECK)}
"""In the order in which they are listed."""
SENDING = (DISPATCH, BROADCAST, COLLABORATE, WORKFLOW)
"""Those that make runs."""


def find(name: str) -> Tool:
    """Raises a USAGE fault that names the nearest."""
    if tool := TOOLS.get(name):
        return tool
    raise unknown_name("tool", name, TOOLS)
