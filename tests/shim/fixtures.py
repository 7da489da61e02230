"""A test build of the daemon: with the tools, resources and prompts that the conformance suite asks for by name.

    python tests/shim/fixtures.py       is modelmuxd, in every other respect

What each must do is written in the suite, scenario by scenario.
"""

from __future__ import annotations

import base64
import struct
import sys
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    BlobResourceContents,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    EmbeddedResource,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ImageContent,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    Tool,
    UnsubscribeRequestParams,
)
from modelmuxd.app.boot import run
from modelmuxd.edge.mcp import server
from modelmuxd.edge.mcp.relay import Relay
from modelmuxd.edge.mcp.work import Work
from shim import fixtures_mrtr

Context = server.Context


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PIXEL = base64.b64encode(
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    + _chunk(b"IEND", b"")
).decode()
SILENCE = base64.b64encode(
    b"RIFF"
    + struct.pack("<I", 36)
    + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    + b"data\0\0\0\0"
).decode()
IMAGE = ImageContent(data=PIXEL, mime_type="image/png")
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
PERSON = {
    "type": "object",
    "properties": {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    },
    "required": ["username", "email"],
}
DEFAULTS = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
}
THREE = ["option1", "option2", "option3"]


def titled(*titles: str) -> list[dict[str, str]]:
    return [{"const": f"value{number}", "title": title} for number, title in enumerate(titles, 1)]


ENUMS = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": THREE},
        "titledSingle": {"type": "string", "oneOf": titled("First Option", "Second Option", "Third Option")},
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": THREE}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled("First Choice", "Second Choice", "Third Choice")}},
    },
}


def text(words: str) -> TextContent:
    return TextContent(text=words)


def embedded(uri: str, words: str, kind: str = "text/plain") -> EmbeddedResource:
    return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=kind, text=words))


async def logging(ctx: Context, given: dict[str, Any]) -> list[Any]:
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", words, related_request_id=ctx.request_id)
        await anyio.sleep(0.05)
    return [text("logged")]


async def progress(ctx: Context, given: dict[str, Any]) -> list[Any]:
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100)
        await anyio.sleep(0.05)
    return [text("done")]


async def sampling(ctx: Context, given: dict[str, Any]) -> list[Any]:
    message = SamplingMessage(role="user", content=text(given["prompt"]))
    answer = await ctx.session.create_message([message], max_tokens=100, related_request_id=ctx.request_id)
    return [text(f"LLM response: {getattr(answer.content, 'text', '')}")]


def elicits(
    message: str, schema: dict[str, Any], said: str
) -> Callable[[Context, dict[str, Any]], Awaitable[list[Any]]]:
    async def ask(ctx: Context, given: dict[str, Any]) -> list[Any]:
        asked = given.get("message", message)
        answer = await ctx.session.elicit_form(asked, schema, related_request_id=ctx.request_id)
        return [text(f"{said}: action={answer.action}, content={answer.content}")]

    return ask


def gives(*content: Any) -> Callable[[Context, dict[str, Any]], Awaitable[list[Any]]]:
    async def give(ctx: Context, given: dict[str, Any]) -> list[Any]:
        return list(content)

    return give


TOOLS: dict[str, Callable[[Context, dict[str, Any]], Awaitable[list[Any]]]] = {
    "test_simple_text": gives(text("This is a simple text response for testing.")),
    "test_image_content": gives(IMAGE),
    "test_audio_content": gives(AudioContent(data=SILENCE, mime_type="audio/wav")),
    "test_embedded_resource": gives(embedded("test://embedded-resource", "This is an embedded resource content.")),
    "test_multiple_content_types": gives(
        text("Multiple content types test:"),
        IMAGE,
        embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
    ),
    "test_tool_with_logging": logging,
    "test_tool_with_progress": progress,
    "test_sampling": sampling,
    "test_elicitation": elicits("", PERSON, "User response"),
    "test_elicitation_sep1034_defaults": elicits("Defaults?", DEFAULTS, "Elicitation completed"),
    "test_elicitation_sep1330_enums": elicits("Which?", ENUMS, "Elicitation completed"),
    "json_schema_2020_12_tool": gives(text("fine")),
    "test_missing_capability": gives(),
}
RESOURCES: dict[str, TextResourceContents | BlobResourceContents] = {
    "test://static-text": TextResourceContents(
        uri="test://static-text", mime_type="text/plain", text="This is the content of the static text resource."
    ),
    "test://static-binary": BlobResourceContents(uri="test://static-binary", mime_type="image/png", blob=PIXEL),
    "test://watched-resource": TextResourceContents(
        uri="test://watched-resource", mime_type="text/plain", text="watched"
    ),
}
ARGUMENTS = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    fixtures_mrtr.PROMPT: (),
}


class Fixtures(server.Session):
    """All that a session has, and the suite's own."""

    def __init__(self, work: Work, relay: Relay) -> None:
        super().__init__(work, relay)
        add = self.server.add_request_handler
        add("resources/subscribe", SubscribeRequestParams, self._taken)
        add("resources/unsubscribe", UnsubscribeRequestParams, self._taken)
        add("logging/setLevel", SetLevelRequestParams, self._taken)
        add("completion/complete", CompleteRequestParams, self._complete)

    async def _taken(self, ctx: Context, params: Any) -> EmptyResult:
        return EmptyResult()

    async def _complete(self, ctx: Context, params: CompleteRequestParams) -> CompleteResult:
        return CompleteResult(completion=Completion(values=["paris", "park", "party"], total=3, has_more=False))

    async def _list_tools(self, ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        own = await super()._list_tools(ctx, params)
        anything = {"type": "object"}
        more = [
            Tool(name=name, description=name, input_schema=SCHEMA if "2020" in name else anything) for name in TOOLS
        ]
        return ListToolsResult(tools=[*own.tools, *more])

    async def _call_tool(self, ctx: Context, params: CallToolRequestParams) -> Any:
        if params.name == "test_error_handling":
            words = "This tool intentionally returns an error for testing"
            return CallToolResult(content=[text(words)], is_error=True)
        if params.name == "test_missing_capability":
            declared = ctx.session.client_capabilities
            if not (declared and declared.sampling):
                needed: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
                raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "It needs sampling.", needed)
            return CallToolResult(content=[text("sampled")])
        if params.name in fixtures_mrtr.TOOLS:
            said = fixtures_mrtr.call(params.name, ctx.params or {})
            return CallToolResult(content=[text(said["text"])]) if "text" in said else said
        if tool := TOOLS.get(params.name):
            return CallToolResult(content=await tool(ctx, params.arguments or {}))
        return await super()._call_tool(ctx, params)

    async def _list_resources(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        own = await super()._list_resources(ctx, params)
        return ListResourcesResult(resources=[*own.resources, *(Resource(name=uri, uri=uri) for uri in RESOURCES)])

    async def _list_templates(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        own = await super()._list_templates(ctx, params)
        more = ResourceTemplate(name="template", uri_template="test://template/{id}/data", mime_type="application/json")
        return ListResourceTemplatesResult(resource_templates=[*own.resource_templates, more])

    async def _read_resource(self, ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        uri = str(params.uri)
        if found := RESOURCES.get(uri):
            return ReadResourceResult(contents=[found])
        if uri.startswith("test://template/"):
            id = uri.split("/")[3]
            words = f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'
            return ReadResourceResult(
                contents=[TextResourceContents(uri=uri, mime_type="application/json", text=words)]
            )
        return await super()._read_resource(ctx, params)

    async def _list_prompts(self, ctx: Context, params: PaginatedRequestParams | None) -> ListPromptsResult:
        own = await super()._list_prompts(ctx, params)
        more = [
            Prompt(
                name=name, description=name, arguments=[PromptArgument(name=one, required=True) for one in arguments]
            )
            for name, arguments in ARGUMENTS.items()
        ]
        return ListPromptsResult(prompts=[*own.prompts, *more])

    async def _get_prompt(self, ctx: Context, params: GetPromptRequestParams) -> Any:
        if params.name == fixtures_mrtr.PROMPT:
            said = fixtures_mrtr.call(params.name, ctx.params or {})
            message = [PromptMessage(role="user", content=text(said["text"]))] if "text" in said else []
            return GetPromptResult(messages=message) if message else said
        if params.name not in ARGUMENTS:
            return await super()._get_prompt(ctx, params)
        given = params.arguments or {}
        content: dict[str, tuple[Any, ...]] = {
            "test_simple_prompt": (text("This is a simple prompt for testing."),),
            "test_prompt_with_arguments": (
                text(f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"),
            ),
            "test_prompt_with_embedded_resource": (
                embedded(given.get("resourceUri", ""), "Embedded resource content for testing."),
                text("Please process the embedded resource above."),
            ),
            "test_prompt_with_image": (IMAGE, text("Please analyze the image above.")),
        }
        return GetPromptResult(messages=[PromptMessage(role="user", content=one) for one in content[params.name]])


if __name__ == "__main__":
    server.Session = Fixtures  # type: ignore[misc]
    sys.exit(run())
