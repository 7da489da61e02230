"""The suite's own tools that need input in the middle, as the stateless era asks for it: by an answer, and anew."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

Answer = dict[str, Any]
KEY = b"of the test"
PREFIX = "test_input_required_result_"
TOOLS = tuple(
    PREFIX + name
    for name in (
        *("elicitation", "sampling", "list_roots", "request_state", "multiple_inputs", "multi_round", "tampered_state"),
        "capabilities",
    )
)
PROMPT = PREFIX + "prompt"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"


def elicit(message: str, name: str, kind: str = "string") -> Answer:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}


def sample(words: str, tokens: int) -> Answer:
    message = {"role": "user", "content": {"type": "text", "text": words}}
    return {"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": tokens}}


ROOTS: Answer = {"method": "roots/list", "params": {}}
NAME = elicit("What is your name?", "name")
ALL = {"user_name": NAME, "greeting": sample("Generate a greeting", 50), "client_roots": ROOTS}
FIRST: dict[str, dict[str, Answer]] = {
    "elicitation": {"user_name": NAME},
    "sampling": {"capital_question": sample("What is the capital of France?", 100)},
    "list_roots": {"client_roots": ROOTS},
    "request_state": {"confirm": elicit("Please confirm", "ok", "boolean")},
    "multiple_inputs": ALL,
    "multi_round": {"step1": elicit("Step 1: What is your name?", "name")},
    "tampered_state": {"confirm": elicit("Please confirm", "ok", "boolean")},
    "prompt": {"user_context": elicit("What context should the prompt use?", "context")},
}
STATEFUL = frozenset({"request_state", "multiple_inputs", "multi_round", "tampered_state"})
NEEDS = {"user_name": "elicitation", "greeting": "sampling", "client_roots": "roots"}


def sealed(state: Answer) -> str:
    body = json.dumps(state)
    return f"{hmac.new(KEY, body.encode(), hashlib.sha256).hexdigest()}.{body}"


def opened(state: object) -> Answer:
    """Raises MCPError for one that is none of ours."""
    seal, _, body = str(state).partition(".")
    if not hmac.compare_digest(seal, hmac.new(KEY, body.encode(), hashlib.sha256).hexdigest()):
        raise MCPError(INVALID_PARAMS, "The requestState is none of ours.")
    found: Answer = json.loads(body)
    return found


def ask(requests: Mapping[str, Answer], state: Answer | None = None) -> Answer:
    more = {"requestState": sealed(state)} if state else {}
    return {"resultType": "input_required", "inputRequests": dict(requests), **more}


def call(name: str, params: Mapping[str, Any]) -> Answer:
    """What such a tool, or the prompt, answers: a question, or a content that tells what was answered."""
    kind = name.removeprefix(PREFIX)
    responses = params.get("inputResponses")
    state = opened(params["requestState"]) if params.get("requestState") is not None else {}
    if kind == "capabilities" and responses is None:
        declared = (params.get("_meta") or {}).get(CAPABILITIES) or {}
        return ask({key: one for key, one in ALL.items() if NEEDS[key] in declared})
    first = FIRST.get(kind, {})
    if not isinstance(responses, dict) or not (first.keys() <= responses.keys() or state.get("round") == 2):
        return ask(first, {"round": 1} if kind in STATEFUL else None)
    if kind == "multi_round" and state.get("round") == 1:
        return ask({"step2": elicit("Step 2: What is your favorite color?", "color")}, {"round": 2})
    return {"text": f"Hello, {_said(responses)}! {'state-ok' if state else ''}".strip()}


def _said(responses: Mapping[str, Any]) -> str:
    """Names, texts and roots among the answers."""
    found = []
    for one in responses.values():
        content = one.get("content") or {}
        found += [str(value) for value in content.values()] if isinstance(content, dict) else []
        found += [root["uri"] for root in one.get("roots", ())]
    return ", ".join(found)
