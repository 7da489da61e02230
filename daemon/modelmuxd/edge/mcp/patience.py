"""How long a client waits for one tool call, and so how long we may let it wait. Pure."""

from __future__ import annotations

UNKNOWN = 50.0
"""Seconds for a client that we do not know: most give up after 60."""
WAITS = (
    ("claude-code", 110.0),  # moves a call to the background after 120 s
    ("codex", 240.0),  # tool_timeout_sec: 300
    ("gemini-cli", 540.0),  # 600
    ("qwen", 540.0),
    ("visual studio code", 240.0),  # none of its own; cuts after 5 min have been seen
)
"""What a client's name begins with, and the seconds after which we answer, whatever there is by then."""
LEAST = 1.0
"""Seconds that a line which has come late (a daemon ended over it) is worked on all the same."""


def patience(client: str, asked: float | None, age: float = 0.0) -> float:
    """Seconds to wait for a run: as asked, but never longer than the client will; `age` is what has passed."""
    limit = next((seconds for name, seconds in WAITS if client.lower().startswith(name)), UNKNOWN)
    wanted = limit if asked is None else min(asked, limit)
    return max(wanted - age, min(wanted, LEAST))
