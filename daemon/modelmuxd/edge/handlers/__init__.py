"""What the daemon answers: a module per noun, and the table that brings them together."""

from __future__ import annotations

from modelmuxd.edge.handlers.audit import Audit
from modelmuxd.edge.handlers.benchmark import Benchmark
from modelmuxd.edge.handlers.check import Check
from modelmuxd.edge.handlers.composites import Composites
from modelmuxd.edge.handlers.costs import Costs
from modelmuxd.edge.handlers.dispatch import Dispatch
from modelmuxd.edge.handlers.env import Env
from modelmuxd.edge.handlers.export import Export
from modelmuxd.edge.handlers.feedback import Feedback
from modelmuxd.edge.handlers.history import History
from modelmuxd.edge.handlers.imports import Imports
from modelmuxd.edge.handlers.insight import Insight
from modelmuxd.edge.handlers.mcp import Mcp
from modelmuxd.edge.handlers.policy import Policy
from modelmuxd.edge.handlers.queue import Queue
from modelmuxd.edge.handlers.retention import Retention
from modelmuxd.edge.handlers.routing import Routing
from modelmuxd.edge.handlers.runs import Runs
from modelmuxd.edge.handlers.shutdown import Shutdown
from modelmuxd.edge.handlers.worktree import Worktree

__all__ = [
    "Audit",
    "Benchmark",
    "Check",
    "Composites",
    "Costs",
    "Dispatch",
    "Env",
    "Export",
    "Feedback",
    "History",
    "Imports",
    "Insight",
    "Mcp",
    "Policy",
    "Queue",
    "Retention",
    "Routing",
    "Runs",
    "Shutdown",
    "Worktree",
]
