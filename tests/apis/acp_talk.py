"""One prompt through our side of the Agent Client Protocol, as the program that it is, to an agent of the test's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from modelmuxd.adapters.acp import PROGRAM

Json = dict[str, Any]
AGENT = Path(__file__).with_name("acp_agent.py")


def start(home: Path, argv: list[str], **call: Any) -> subprocess.Popen[bytes]:
    work = home / "work"
    work.mkdir(exist_ok=True)
    told: Json = {"argv": argv, "cwd": str(work), "session": "", "sandbox": "read-only"}
    told |= {"start_seconds": 20.0, "quiet_seconds": 20.0, **call}
    (home / "call.json").write_text(json.dumps(told))
    return subprocess.Popen(
        [sys.executable, "-E", "-c", PROGRAM, str(home / "call.json")],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def talk(home: Path, words: str, *, argv: list[str] | None = None, **call: Any) -> list[Json]:
    """What it told; it must never fail in a way of its own."""
    program = start(home, argv or [sys.executable, "-S", str(AGENT)], **call)
    told, errors = program.communicate(words.encode(), timeout=60)
    assert b"Traceback" not in errors, errors.decode()
    return [json.loads(line) for line in told.splitlines()]


def said(told: list[Json]) -> str:
    """The agent's words."""
    updates = [one["update"] for one in told if one["acp"] == "update"]
    return "".join(one["content"]["text"] for one in updates if one.get("sessionUpdate") == "agent_message_chunk")


def error(told: list[Json]) -> str:
    """How the conversation failed."""
    assert told[-1]["acp"] == "error", told
    return str(told[-1]["error"]["message"])
