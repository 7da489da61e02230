"""The programs that can use our MCP server: where each keeps its servers, in which form, and with which time limits."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Scope = Literal["user", "project"]
SERVER = "modelmux"


@dataclass(frozen=True)
class Ide:
    name: str
    title: str
    program: str
    files: Mapping[Scope, Callable[[Mapping[str, str]], str]]
    """Where a scope's file is; a project's is relative to it."""
    signs: tuple[str, ...]
    """Folders below HOME that say that it is installed, though its program is not on PATH."""
    table: str
    """The key that holds the servers."""
    kind: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    """What is said of ours before and after the command."""
    toml: bool = False

    def installed(self, env: Mapping[str, str]) -> bool:
        home = env.get("HOME", "")
        return bool(shutil.which(self.program, path=env.get("PATH"))) or any(
            os.path.isdir(os.path.join(home, sign)) for sign in self.signs
        )

    def file(self, scope: Scope, folder: str, env: Mapping[str, str]) -> str:
        return os.path.join(folder, self.files[scope](env))

    def entry(self, command: str, env: Mapping[str, str]) -> dict[str, Any]:
        """What we write. A private home is passed on, since several of them start servers with few variables."""
        home = env.get("MODELMUX_HOME")
        more = {"env": {"MODELMUX_HOME": home}} if home else {}
        return {**self.kind, "command": command, "args": [], **more, **self.more}


def _below(variable: str, default: str, name: str) -> Callable[[Mapping[str, str]], str]:
    return lambda env: os.path.join(env.get(variable) or os.path.join(env.get("HOME", ""), default), name)


def _at(path: str) -> Callable[[Mapping[str, str]], str]:
    return lambda env: path


def _code(env: Mapping[str, str]) -> str:
    below = "Library/Application Support" if sys.platform == "darwin" else ".config"
    base = env.get("XDG_CONFIG_HOME") if sys.platform == "linux" else None
    return os.path.join(base or os.path.join(env.get("HOME", ""), below), "Code/User/mcp.json")


IDES = {
    ide.name: ide
    for ide in (
        Ide(
            name="claude",
            title="Claude Code",
            program="claude",
            files={"user": _below("CLAUDE_CONFIG_DIR", "", ".claude.json"), "project": _at(".mcp.json")},
            signs=(".claude",),
            table="mcpServers",
            kind={"type": "stdio"},  # no limit of its own for a local server; we answer within 110 s
        ),
        Ide(
            name="codex",
            title="Codex",
            program="codex",
            files={"user": _below("CODEX_HOME", ".codex", "config.toml"), "project": _at(".codex/config.toml")},
            signs=(".codex",),
            table="mcp_servers",
            more={"startup_timeout_sec": 30, "tool_timeout_sec": 300},  # we answer within 240
            toml=True,
        ),
        Ide(
            name="gemini",
            title="Gemini CLI",
            program="gemini",
            files={
                "user": lambda env: os.path.join(
                    env.get("GEMINI_CLI_HOME") or env.get("HOME", ""), ".gemini", "settings.json"
                ),
                "project": _at(".gemini/settings.json"),
            },
            signs=(".gemini",),
            table="mcpServers",
            more={"timeout": 600_000},  # ms; we answer within 540 s
        ),
        Ide(
            name="cursor",
            title="Cursor",
            program="cursor",
            files={"user": _below("", ".cursor", "mcp.json"), "project": _at(".cursor/mcp.json")},
            signs=(".cursor",),
            table="mcpServers",
        ),
        Ide(
            name="vscode",
            title="VS Code",
            program="code",
            files={"user": _code, "project": _at(".vscode/mcp.json")},
            signs=(".vscode", ".config/Code"),
            table="servers",
            kind={"type": "stdio"},
        ),
    )
}
