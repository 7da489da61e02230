"""Runs as resources: `mux://runs/{id}` is everything about one, `mux://runs/{id}/output` its whole answer."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec
from mcp_types import (
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)
from muxwire.detail import RunDetail
from muxwire.insight import RunLine, Status

ADDRESS = re.compile(r"mux://runs/([0-9a-z]{6,32})(/output)?")
LISTED = 20
"""Ended runs in the list, beside those that go on."""
JSON, TEXT = "application/json", "text/plain"
TEMPLATES = ListResourceTemplatesResult(
    resource_templates=[
        ResourceTemplate(
            name="run",
            title="Everything about a run",
            uri_template="mux://runs/{run_id}",
            mime_type=JSON,
        ),
        ResourceTemplate(
            name="output",
            title="The whole answer of a run",
            uri_template="mux://runs/{run_id}/output",
            mime_type=TEXT,
        ),
    ]
)


class Address(NamedTuple):
    run_id: str
    output: bool


def address(uri: str) -> Address | None:
    """What a URI means; None for none of ours."""
    found = ADDRESS.fullmatch(uri)
    return Address(found[1], bool(found[2])) if found else None


def listed(status: Status) -> ListResourcesResult:
    """The newest first."""
    lines = sorted((*status.running, *status.waiting, *status.recent), key=lambda line: line.run_id, reverse=True)
    return ListResourcesResult(resources=[_resource(line) for line in lines])


def read(uri: str, detail: RunDetail, *, output: bool) -> ReadResourceResult:
    text = detail.result.output if output else msgspec.json.encode(detail).decode()
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=TEXT if output else JSON, text=text)])


def _resource(line: RunLine) -> Resource:
    return Resource(
        name=line.run_id,
        title=f"{line.state}: {line.task}",
        uri=f"mux://runs/{line.run_id}",
        mime_type=JSON,
    )
