"""A scripted `codex exec --json`, in the shapes that codex-cli 0.169.0 writes."""

from __future__ import annotations

import sys
import uuid

from muxclients.demo.script import answer, limited, option, question, say, think, tokens

CONTEXT = 9_400
"""Tokens that the real one sends before the prompt: its instructions and tools."""


def main() -> int:
    task = question()
    session = option("resume", default="") or str(uuid.uuid4())
    say({"type": "thread.started", "thread_id": session})
    say({"type": "turn.started"})
    think()
    if limited("codex"):
        trouble = "exceeded retry limit, last status: 429 Too Many Requests"
        say({"type": "error", "message": trouble})
        say({"type": "turn.failed", "error": {"message": trouble}})
        return 1
    text = answer("codex", task)
    say({"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": text}})
    usage = {
        "input_tokens": CONTEXT + tokens(task),
        "cached_input_tokens": 0,
        "cache_write_input_tokens": 0,
        "output_tokens": tokens(text),
        "reasoning_output_tokens": 0,
    }
    say({"type": "turn.completed", "usage": usage})
    return 0


if __name__ == "__main__":
    sys.exit(main())
