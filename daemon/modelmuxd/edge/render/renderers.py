"""Which renderer a method has. The composition root hands this module to the edge as its `Renderers`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from muxwire.protocol import View

from modelmuxd.edge.render import (
    audit,
    benchmark,
    broadcast,
    check,
    collaborate,
    costs,
    daemon,
    dispatch,
    export,
    feedback,
    history,
    imports,
    live,
    logs,
    policy,
    queue,
    retention,
    routing,
    runs,
    sessions,
    show,
    status,
    workflow,
    worktree,
)
from modelmuxd.edge.render.base import Rendered
from modelmuxd.edge.render.plain import Answer, json_line

_MAKERS: dict[str, Callable[[View], Rendered]] = {
    "ping": lambda view: Answer(view, daemon.ping_text),
    "version": lambda view: Answer(view, daemon.version_text),
    "facts": lambda view: Answer(view, daemon.facts_text),
    "benchmark": benchmark.Benchmark,
    "feedback": lambda view: Answer(view, feedback.feedback_text),
    "route": lambda view: Answer(view, routing.route_text),
    "routing": lambda view: Answer(view, routing.learned_text),
    "import": lambda view: Answer(view, imports.imported_text),
    "history": lambda view: Answer(view, history.history_text),
    "audit": audit.Audit,
    "clean": lambda view: Answer(view, retention.cleaned_text),
    "space": lambda view: Answer(view, retention.space_text),
    "shutdown": lambda view: Answer(view, daemon.shutdown_text),
    "check": check.start,
    "status": lambda view: Answer(view, status.status_text),
    "live": live.start,
    "why": lambda view: Answer(view, show.why_text),
    "answer": lambda view: Answer(view, runs.answered_text),
    "patterns": lambda view: Answer(view, collaborate.patterns_text),
    "queue": lambda view: Answer(view, queue.queue_text),
    "env": lambda view: Answer(view, daemon.env_text),
    "sessions": lambda view: Answer(view, sessions.sessions_text),
    "diff": worktree.Diff,
    "apply": lambda view: Answer(view, worktree.applied_text),
    "discard": lambda view: Answer(view, worktree.discarded_text),
    "trust": lambda view: Answer(view, worktree.trusted_text),
    "costs": lambda view: Answer(view, costs.costs_text),
    "budget": lambda view: Answer(view, costs.budget_text),
    "policy": policy.reported,
    "policy_test": policy.judged,
    "watch": logs.Logs,
    "wait": runs.waited,
    "cancel": runs.canceled,
}
_BY_PARAMS: dict[str, Callable[[View, Any], Rendered]] = {
    "broadcast": broadcast.start,
    "collaborate": collaborate.start,
    "workflow": workflow.start,
    "workflows": workflow.listed,
    "export": export.Export,
    "show": show.start,
}
_FOLLOWING = ("dispatch", "attach", "retry")


def start(method_name: str, view: View, params: Any) -> Rendered:
    """The renderer of one call. A name without one, such as one that is refused as unknown, gets JSON."""
    if method_name in _FOLLOWING:
        return dispatch.start(view, params)
    if method_name in _BY_PARAMS:
        return _BY_PARAMS[method_name](view, params)
    return _MAKERS.get(method_name, _json)(view)


def _json(view: View) -> Rendered:
    return Answer(view, lambda value, _view: json_line(value).decode())
