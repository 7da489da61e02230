"""How an agent is to hold itself for a sandbox word, where its session has modes: many do without asking what their
mode allows, and start in the one that their user has set. Pure.

Read from recordings of codex-acp, claude-agent-acp, Gemini CLI, opencode and Qwen Code (2026-11).
"""

from __future__ import annotations

from typing import Any

from modelmuxd.runner.acp_permission import rows, table, word

Json = dict[str, Any]

WANTED = {
    "read-only": ("read-only", "default", "plan"),
    "write": ("workspace-write", "default", "auto", "build"),
    "full": ("agent-full-access", "full-access", "default", "build"),
}
"""The first that is offered. `default` asks before it changes anything, and then permission is ours to refuse; `plan`
is for those that would not ask. `auto` is an older codex-acp's way to write in the workspace; in Claude's, a model
decides."""


def switch(made: Json, session: str, sandbox: str) -> tuple[str, Json] | None:
    """The call that puts a session, made or loaded with this answer, into the right mode; None where it is there or
    there are none."""
    modes = table(made, "modes")
    if offered := rows(modes, "availableModes"):
        mode = _other(sandbox, [word(one, "id") for one in offered], word(modes, "currentModeId"))
        return ("session/set_mode", {"sessionId": session, "modeId": mode}) if mode else None
    for option in rows(made, "configOptions"):
        if word(option, "category") == "mode":
            values = [word(one, "value") for one in rows(option, "options")]
            mode = _other(sandbox, values, word(option, "currentValue"))
            chosen = {"sessionId": session, "configId": word(option, "id"), "value": mode}
            return ("session/set_config_option", chosen) if mode else None
    return None


def _other(sandbox: str, offered: list[str], current: str) -> str:
    """The mode to change to; empty for none."""
    wanted = next((mode for mode in WANTED[sandbox] if mode in offered), "")
    return "" if wanted == current else wanted
