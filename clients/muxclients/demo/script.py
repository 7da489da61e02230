"""What the scripted agents share: the question, the answer, the pace, and whether this agent is rate-limited now.

An agent is limited while a file `~/.scripted/<name>-limited` exists; the demo's HOME is its own.
"""

from __future__ import annotations

import json
import os
import sys
import time

RATE_LIMITED = "Rate limit reached for requests"


def question() -> str:
    """The prompt; all three CLIs read it from stdin."""
    return sys.stdin.read().strip()


def option(*names: str, default: str) -> str:
    """The value after one of these flags."""
    for flag, value in zip(sys.argv, sys.argv[1:], strict=False):
        if flag in names:
            return value
    return default


def answer(agent: str, task: str) -> str:
    return f"Scripted {agent} read {len(task)} characters and would now work on: {task.splitlines()[0][:60]}"


def tokens(text: str) -> int:
    """Made up, but as many as a real tokenizer would give within a factor of two."""
    return len(text) // 4 + 1


def limited(agent: str) -> bool:
    return os.path.exists(os.path.expanduser(f"~/.scripted/{agent}-limited"))


def say(line: dict[str, object]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


def think(seconds: float = 0.3) -> None:
    """So that there is something to watch."""
    time.sleep(seconds)
