"""The one typed table of what a client may ask.

From it derive the server's dispatch (a missing or doubled handler fails at start), the typed client calls, the hot
verbs' argument tables and most of the CLI's options and help. Golden files in the tests freeze what is derived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from muxwire import (
    audit,
    benchmark,
    broadcast,
    budget,
    collaborate,
    costs,
    detail,
    events,
    export,
    feedback,
    history,
    imports,
    insight,
    mcp,
    policy,
    queue,
    retention,
    routing,
    runs,
    sessions,
    trust,
    workflow,
    worktree,
)

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Method(Generic[P, R]):
    """One thing that can be asked: its name is also the command, the handler's module and the test's."""

    name: str
    params: type[P]
    result: type[R]
    summary: str
    event: Any = None
    """The event type, or a union of them, that streams before the result; None for a plain call."""
    hot: bool = False
    """Whether `muxctl NAME` leaves before anything is imported."""


PING = Method("ping", insight.Nothing, insight.Pong, "Answer at once.")
VERSION = Method(
    "version", insight.Nothing, insight.Version, "Show the version of this program and of the daemon.", hot=True
)
STATUS = Method("status", insight.StatusParams, insight.Status, "Show what runs, what waits and why.", hot=True)
LIVE = Method(
    "live", insight.StatusParams, insight.Status, "Follow the status as it changes.", event=insight.LiveStatus
)
CHECK = Method(
    "check", insight.CheckParams, insight.Check, "Show which providers can be used and what the others lack."
)
DISPATCH = Method(
    "dispatch", runs.DispatchParams, runs.RunResult, "Send one task to one agent.", event=events.RunEvent, hot=True
)
BROADCAST = Method(
    "broadcast",
    broadcast.BroadcastParams,
    broadcast.BroadcastResult,
    "Send one task to several agents at once.",
    event=events.RunEvent,
)
COLLABORATE = Method(
    "collaborate",
    collaborate.CollaborateParams,
    collaborate.CollaborateResult,
    "Have several agents work on one task in turns.",
    event=events.RunEvent,
)
PATTERNS = Method("patterns", collaborate.PatternsParams, collaborate.PatternList, "Show the patterns that there are.")
WORKFLOW = Method(
    "workflow",
    workflow.WorkflowParams,
    workflow.WorkflowResult,
    "Do a task in the steps of a workflow.",
    event=events.RunEvent,
)
WORKFLOWS = Method(
    "workflows", workflow.WorkflowsParams, workflow.WorkflowList, "Show, draw and check the workflows that there are."
)
SHOW = Method("show", detail.ShowParams, detail.RunDetail, "Show everything about one run.", hot=True)
WATCH = Method("watch", runs.WatchParams, runs.RunResult, "Follow a run's events.", event=events.RunEvent)
WAIT = Method("wait", runs.WaitParams, runs.WaitResult, "Wait for runs to end.", hot=True)
CANCEL = Method("cancel", runs.CancelParams, runs.CancelResult, "Cancel runs and end their process trees.", hot=True)
RETRY = Method(
    "retry", runs.RetryParams, runs.RunResult, "Run an ended task again, as a new run.", event=events.RunEvent
)
ATTACH = Method(
    "attach",
    runs.AttachParams,
    runs.RunResult,
    "Follow a run from any terminal.",
    event=events.RunEvent,
)
WHY = Method("why", runs.RunRef, detail.RunDetail, "Show why a run went as it did.")
POLICY = Method("policy", insight.Nothing, policy.PolicyReport, "Show what the policy says and what is used up.")
POLICY_TEST = Method(
    "policy_test", runs.DispatchParams, policy.PolicyVerdict, "Show what the policy would do with a dispatch."
)
COSTS = Method("costs", costs.CostsParams, costs.CostsResult, "Show what runs came to, or price the past anew.")
BUDGET = Method("budget", insight.Nothing, budget.BudgetReport, "Show what the budgets leave.")
ANSWER = Method("answer", runs.AnswerParams, runs.RunResult, "Answer a run that waits for input.")
QUEUE = Method("queue", queue.QueueParams, queue.QueueResult, "Show, pause or resume the queue.")
SESSIONS = Method("sessions", sessions.SessionsParams, sessions.SessionList, "Show the sessions that can go on.")
DIFF = Method("diff", runs.RunRef, worktree.Patch, "Show what a run has changed in its worktree, as a patch.")
APPLY = Method("apply", runs.RunRef, worktree.Applied, "Apply what a run has changed to your checkout.")
DISCARD = Method("discard", runs.RunRef, worktree.Applied, "Throw away a run's worktree and what it changed.")
TRUST = Method("trust", trust.TrustParams, trust.Trusted, "Trust the settings that a project brings with it.")
ENV = Method("env", insight.EnvParams, insight.LoginEnv, "Show the login shell's environment, or read it again.")
BENCHMARK = Method(
    "benchmark",
    benchmark.BenchmarkParams,
    benchmark.BenchmarkResult,
    "Measure agents by small tasks that are checked.",
    event=benchmark.CellEnded,
)
FEEDBACK = Method(
    "feedback", feedback.FeedbackParams, feedback.FeedbackResult, "Rate an answer, which routing learns from."
)
ROUTE = Method("route", runs.DispatchParams, routing.Route, "Show whom a task would go to, and why; nothing is run.")
ROUTING = Method("routing", routing.RoutingParams, routing.Routing, "Keep or forget what the router has learned.")
HISTORY = Method(
    "history", history.HistoryParams, history.HistoryResult, "Show and search what has ended, and its sums.", hot=True
)
CLEAN = Method("clean", retention.CleanParams, retention.CleanResult, "Take away what is old, after asking.")
AUDIT = Method(
    "audit",
    audit.AuditParams,
    audit.AuditResult,
    "Show every decision, and who had asked.",
    event=audit.AuditPage,
)
EXPORT = Method(
    "export",
    export.ExportParams,
    export.ExportResult,
    "Write what has ended as CSV, JSON or Markdown.",
    event=export.ExportHead | export.ExportPage,
)
IMPORT = Method("import", imports.ImportParams, imports.ImportResult, "Take over history and ratings of modelmux 0.29.")
SPACE = Method("space", insight.Nothing, retention.Space, "Show what the record takes on disk.")
MCP = Method("mcp", mcp.McpParams, insight.Nothing, "Carry the MCP session of an IDE.", event=mcp.McpLine)
FACTS = Method("facts", insight.Nothing, insight.DaemonFacts, "Show the daemon's own facts.")
SHUTDOWN = Method(
    "shutdown", insight.ShutdownParams, insight.ShutdownResult, "End the daemon.", event=insight.DrainEvent
)

METHODS: dict[str, Method[Any, Any]] = {
    method.name: method
    for method in (
        *(PING, VERSION, STATUS, LIVE, CHECK, DISPATCH, SHOW, WATCH, WAIT, CANCEL),
        *(BROADCAST, COLLABORATE, PATTERNS, WORKFLOW, WORKFLOWS),
        *(ATTACH, WHY, RETRY, ANSWER, QUEUE, SESSIONS, DIFF, APPLY, DISCARD, TRUST),
        *(POLICY, POLICY_TEST, COSTS, BUDGET, ENV, HISTORY, FEEDBACK, BENCHMARK),
        *(ROUTE, ROUTING, AUDIT, EXPORT, IMPORT, CLEAN, SPACE, MCP, FACTS, SHUTDOWN),
    )
}
