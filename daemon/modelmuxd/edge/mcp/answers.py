"""What a tool call gives back: a struct as data and as text, its long outputs cut; and the one style of errors."""

from __future__ import annotations

from typing import Any

import msgspec
from mcp_types import CallToolResult, ResourceLink, TextContent
from muxwire.faults import Fault

HEAD = 48 * 1024
"""Characters of an output that go into an answer; the whole is a resource."""
_FAILED = frozenset({"error", "timeout", "blocked", "lost"})


def answer(value: msgspec.Struct) -> CallToolResult:
    """A result; an error where the run is one."""
    data = msgspec.to_builtins(value, str_keys=True)
    links = _cut(data)
    fault = getattr(value, "error", None)
    failed = getattr(value, "status", "") in _FAILED
    told = [TextContent(text=_sentence(fault))] if failed and fault else []
    text = TextContent(text=msgspec.json.encode(data).decode())
    return CallToolResult(content=[*told, text, *links], structured_content=data, is_error=failed)


def refusal(fault: Fault) -> CallToolResult:
    """What was asked is not done."""
    return CallToolResult(content=[TextContent(text=_sentence(fault))], is_error=True)


def _sentence(fault: Fault) -> str:
    return f"{fault.code}: {fault.message} {fault.hint}".rstrip()


def _cut(data: dict[str, Any]) -> list[ResourceLink]:
    """Long outputs keep their head; the links lead to the whole."""
    runs = [data, *(one for name in ("results", "steps") for one in data.get(name, ()))]
    links = []
    for run in runs:
        for name in ("output", "final_output"):
            output = run.get(name)
            if not isinstance(output, str):
                continue
            here = len(output.encode())
            size = max(here, run.get("output_size", 0))
            if len(output) > HEAD or size > here:
                run["output_size"] = size
                run[name] = output[:HEAD]
                links.append(_link(run["run_id"], size))
    return links


def _link(run_id: str, size: int) -> ResourceLink:
    uri = f"mux://runs/{run_id}/output"
    return ResourceLink(name=f"output of {run_id}", uri=uri, mime_type="text/plain", size=size)
