"""Which attempt a process belongs to: found by its ancestors, not told by itself.

An agent's own children carry the marker in the environment they were started with, or are in the agent's cgroup. Codex
clears the environment of its MCP servers: then one of their ancestors carries it. What escapes: a process that has lost
its parents, cleared its environment and moved itself into another cgroup.
"""

from __future__ import annotations

from modelmuxd.runner.ancestry import ancestry, attempt_by_cgroup, environ
from modelmuxd.runner.guard import MARKER


def attempt_of(pid: int) -> str:
    """The marker of the attempt that started this process or one of its ancestors; empty when none did.

    About 30 µs for each generation; reads /proc: use a thread.
    """
    for one in ancestry(pid):
        if marker := environ(one).get(MARKER) or attempt_by_cgroup(one):
            return marker
    return ""
