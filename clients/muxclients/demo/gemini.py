"""A scripted `gemini -o stream-json`, in the shapes that Gemini CLI 0.61.0 writes."""

from __future__ import annotations

import sys
import uuid
from datetime import datetime, timezone

from muxclients.demo.script import RATE_LIMITED, answer, limited, option, question, say, think, tokens

CONTEXT = 8_000
MODEL = "gemini-3.8-flash"
RATE_LIMIT_EXIT = 429 % 256
"""The real one ends with the HTTP status modulo 256."""


def event(kind: str, **fields: object) -> None:
    say({"type": kind, "timestamp": datetime.now(timezone.utc).isoformat(), **fields})


def statistics(model: str, read: int, written: int) -> dict[str, object]:
    counts = {
        "total_tokens": read + written,
        "input_tokens": read,
        "output_tokens": written,
        "cached": 0,
        "input": read,
    }
    return {**counts, "duration_ms": 300, "tool_calls": 0, "models": {model: counts}}


def main() -> int:
    task = question()
    model = option("-m", "--model", default=MODEL)
    event("init", session_id=option("--resume", "--session-id", default="") or str(uuid.uuid4()), model=model)
    event("message", role="user", content=task)
    think()
    if limited("gemini"):
        trouble = {"type": "unknown", "message": f"[API Error: {RATE_LIMITED}\nSuggested retry after 60s.]"}
        event("result", status="error", error=trouble, stats=statistics(model, 0, 0))
        return RATE_LIMIT_EXIT
    text = answer("gemini", task)
    half = len(text) // 2
    for piece in (text[:half], text[half:]):
        event("message", role="assistant", content=piece, delta=True)
    event("result", status="success", stats=statistics(model, CONTEXT + tokens(task), tokens(text)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
