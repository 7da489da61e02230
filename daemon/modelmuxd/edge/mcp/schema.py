"""JSON schemas for tools, derived from the wire's structs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Schema = dict[str, Any]


def input_schema(kind: type[Any], fields: Sequence[str], said: Mapping[str, str]) -> Schema:
    """The chosen fields, in that order, as short as it goes; `said` has other words than the struct's for some."""
    whole = _whole(kind)
    properties = {name: _short(whole["properties"][name], said.get(name)) for name in fields}
    required = [name for name in fields if name in whole.get("required", ())]
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def output_schema(*kinds: type[Any]) -> Schema:
    """One of the structs, with nothing referred to: only what all of them have is required."""
    wholes = [_bare(_whole(kind)) for kind in kinds]
    kinds_of: dict[str, list[Schema]] = {}
    for name, one in (pair for whole in wholes for pair in whole["properties"].items()):
        known = kinds_of.setdefault(name, [])
        known += [] if one in known else [one]
    properties = {name: known[0] if len(known) == 1 else {"anyOf": known} for name, known in kinds_of.items()}
    required = [name for name in properties if all(name in whole.get("required", ()) for whole in wholes)]
    schema: Schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _whole(kind: type[Any]) -> Schema:
    made = msgspec.json.schema(kind, schema_hook=_anything)
    found: Schema = _inlined(made, made.get("$defs", {}))
    return found


def _anything(kind: type[Any]) -> Schema:
    if kind is object:
        return {"anyOf": [{"type": one} for one in ("string", "number", "boolean", "object", "array", "null")]}
    raise NotImplementedError(kind)


def _inlined(node: Any, known: Schema) -> Any:
    if isinstance(node, list):
        return [_inlined(one, known) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(known[node["$ref"].rpartition("/")[2]], known)
    return {key: _inlined(value, known) for key, value in node.items() if key != "$defs"}


def _short(node: Schema, said: str | None) -> Schema:
    """Without titles and what a model need not know: the bounds of lengths, that a count is not negative, that null is
    the same as nothing. All of it is checked."""
    options = [one for one in node.get("anyOf", ()) if one.get("type") != "null"]
    schema = {**node, **(options[0] if len(options) == 1 else {})}
    drop = {"title", "minLength", "maxLength", "maxItems", *(("anyOf",) if len(options) == 1 else ())}
    if schema.get("default") in (None, "", [], False, 0):
        drop.add("default")
    if schema.get("minimum") in (0, 1):
        drop.add("minimum")
    short = {key: value for key, value in schema.items() if key not in drop}
    if "enum" in short:
        short["type"] = "string"
    return {**short, "description": said} if said else short


def _bare(node: Any) -> Any:
    """Without the words, which a program does not read; a property may well be called `title`."""
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if key not in ("title", "description", "default", "properties")}
    bare: Schema = {key: _bare(value) for key, value in kept.items()}
    if "properties" in node:
        bare["properties"] = {name: _bare(one) for name, one in node["properties"].items()}
    return bare
