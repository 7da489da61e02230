"""The providers that there are, by name. The built-ins come by the same door as everybody else's."""

from __future__ import annotations

from collections.abc import Iterable

from muxwire.faults import CONFIG, refuse

from modelmuxd.adapters.base import Adapter
from modelmuxd.adapters.claude import Claude
from modelmuxd.adapters.codex import Codex
from modelmuxd.adapters.dashscope import DashScope
from modelmuxd.adapters.gemini import Gemini
from modelmuxd.adapters.ollama import Ollama
from modelmuxd.adapters.opencode import Opencode
from modelmuxd.adapters.qwen import Qwen


def builtins() -> tuple[Adapter, ...]:
    return (Codex(), Claude(), Gemini(), Qwen(), Opencode(), Ollama(), DashScope())


def builtin_adapters() -> dict[str, Adapter]:
    return register(builtins())


def register(adapters: Iterable[Adapter]) -> dict[str, Adapter]:
    """The adapters by name. Raises FaultError (`config`) when two bear the same one: neither may shadow the other."""
    found: dict[str, Adapter] = {}
    for adapter in adapters:
        if adapter.name in found:
            raise refuse(CONFIG, f"Two adapters are called {adapter.name!r}.", "Remove or rename one of them.")
        found[adapter.name] = adapter
    return found
