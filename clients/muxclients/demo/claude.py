"""A scripted `claude -p --output-format stream-json --verbose`, in the shapes that Claude Code 2.1.197 writes."""

from __future__ import annotations

import os
import sys
import uuid

from muxclients.demo.script import RATE_LIMITED, answer, limited, option, question, say, think, tokens

CONTEXT = 14_000
MODEL = "claude-opus-4-8"
USD_PER_INPUT, USD_PER_OUTPUT = 5e-6, 25e-6
"""What the real one's `total_cost_usd` comes to per token in our recordings."""


def message(model: str, text: str, session: str) -> dict[str, object]:
    content = {"id": "msg_scripted", "type": "message", "role": "assistant", "model": model}
    return {
        "type": "assistant",
        "message": {**content, "content": [{"type": "text", "text": text}]},
        "parent_tool_use_id": None,
        "session_id": session,
    }


def result(text: str, session: str, **more: object) -> dict[str, object]:
    return {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "api_error_status": None,
        "num_turns": 1,
        "result": text,
        "session_id": session,
        "permission_denials": [],
        **more,
    }


def main() -> int:
    task = question()
    session = option("--resume", "--session-id", default="") or str(uuid.uuid4())
    model = option("--model", default=MODEL)
    say(
        {
            "type": "system",
            "subtype": "init",
            "cwd": os.getcwd(),
            "session_id": session,
            "model": model,
            "apiKeySource": "ANTHROPIC_API_KEY",
            "claude_code_version": "2.1.197",
        }
    )
    think()
    if limited("claude"):
        text = f"API Error: Request rejected (429) · {RATE_LIMITED}"
        say({**message("<synthetic>", text, session), "error": "rate_limit"})
        say(result(text, session, is_error=True, api_error_status=429, total_cost_usd=0, modelUsage={}))
        return 1
    text = answer("claude", task)
    say(message(model, text, session))
    read, written = CONTEXT + tokens(task), tokens(text)
    cost = read * USD_PER_INPUT + written * USD_PER_OUTPUT
    counts = {"inputTokens": read, "outputTokens": written, "cacheReadInputTokens": 0, "cacheCreationInputTokens": 0}
    usage = {"input_tokens": read, "output_tokens": written, "cache_read_input_tokens": 0}
    say(result(text, session, total_cost_usd=cost, usage=usage, modelUsage={model: {**counts, "costUSD": cost}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
