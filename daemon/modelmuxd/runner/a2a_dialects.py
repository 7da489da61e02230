"""The three generations of A2A in one shape: what is sent, and what an answer or an event of a stream says. Pure.

draft (v0.1)          0.2, 0.3            1.0
tasks/send            message/send        SendMessage
tasks/sendSubscribe   message/stream      SendStreamingMessage
tasks/get             tasks/get           GetTask
tasks/resubscribe     tasks/resubscribe   SubscribeToTask
"""

from __future__ import annotations

from typing import Any

import msgspec

Json = dict[str, Any]

FINAL = frozenset({"completed", "failed", "canceled", "rejected", "input-required", "auth-required"})
"""States after which the agent does nothing more by itself."""


class Update(msgspec.Struct, frozen=True):
    """What one answer says."""

    task: str = ""
    context: str = ""
    state: str = ""
    text: str = ""
    """The agent's words about the state."""
    artifacts: tuple[tuple[str, str, bool], ...] = ()
    """Name, text, and whether it is appended to what there is."""


class Dialect(msgspec.Struct, frozen=True):
    version: str
    url: str

    @property
    def headers(self) -> dict[str, str]:
        return {"A2A-Version": "1.0"} if self.version == "1.0" else {}

    def send(self, prompt: str, message_id: str, call: Json, *, stream: bool) -> tuple[str, Json]:
        """`call` has the remote's `context` and `task`, where one goes on, and its `pattern`.

        Without a stream the agent is to name its task at once, not when it is done: what is known can be looked for,
        and canceled. The draft has no word for that, but there the message's id is the task's.
        """
        about = {"metadata": {"pattern": call["pattern"]}} if call.get("pattern") else {}
        context, task = call.get("context", ""), call.get("task", "")
        if self.version == "draft":
            parts = [{"type": "text", "text": prompt}]
            grouped = {"sessionId": context} if context else {}
            params = {"id": task or message_id, **grouped, "message": {"role": "user", "parts": parts}, **about}
            return ("tasks/sendSubscribe" if stream else "tasks/send"), params
        where = {**({"contextId": context} if context else {}), **({"taskId": task} if task else {})}
        if self.version == "1.0":
            message = {"messageId": message_id, "role": "ROLE_USER", "parts": [{"text": prompt}], **where}
            at_once = {} if stream else {"configuration": {"returnImmediately": True}}
            return ("SendStreamingMessage" if stream else "SendMessage"), {"message": message, **at_once, **about}
        parts = [{"kind": "text", "text": prompt}]
        message = {"messageId": message_id, "role": "user", "kind": "message", "parts": parts, **where}
        at_once = {} if stream else {"configuration": {"blocking": False}}
        return ("message/stream" if stream else "message/send"), {"message": message, **at_once, **about}

    def get(self, task: str) -> tuple[str, Json]:
        return ("GetTask" if self.version == "1.0" else "tasks/get"), {"id": task}

    def resubscribe(self, task: str) -> tuple[str, Json]:
        return ("SubscribeToTask" if self.version == "1.0" else "tasks/resubscribe"), {"id": task}

    def cancel(self, task: str) -> tuple[str, Json]:
        return ("CancelTask" if self.version == "1.0" else "tasks/cancel"), {"id": task}


def dialect_of(card: Json) -> Dialect | None:
    """The newest that the card offers over JSON-RPC; None when it offers other transports only. A card that says
    nothing about itself is taken for the draft's."""
    for offered in rows(card, "supportedInterfaces"):
        newest = _word(offered, "protocolVersion").startswith("1.")
        if newest and _word(offered, "protocolBinding").upper() == "JSONRPC":
            return Dialect("1.0", _word(offered, "url"))
    if not _word(card, "url") and rows(card, "supportedInterfaces"):
        return None
    preferred = _word(card, "preferredTransport")
    if not preferred and not _word(card, "protocolVersion").startswith("0."):
        return Dialect("draft", _word(card, "url"))
    if preferred.upper() in ("", "JSONRPC"):
        return Dialect("0.3", _word(card, "url"))
    for offered in rows(card, "additionalInterfaces"):
        if _word(offered, "transport").upper() == "JSONRPC":
            return Dialect("0.3", _word(offered, "url"))
    return None


def can_stream(card: Json) -> bool:
    able = card.get("capabilities")
    return isinstance(able, dict) and able.get("streaming") is True


def read_update(result: Json) -> Update:
    """An answer or an event of any generation; empty for what is none."""
    for key in ("task", "statusUpdate", "artifactUpdate", "message"):
        if isinstance(inner := result.get(key), dict):
            return _read(inner, message=key == "message")
    return _read(result, message=result.get("kind") == "message")


def _read(said: Json, *, message: bool) -> Update:
    if message:  # an answer without a task
        text = text_of(said)
        return Update(context=_word(said, "contextId"), state="completed", artifacts=(("", text, False),))
    status = said.get("status")
    status = status if isinstance(status, dict) else {}
    artifacts = rows(said, "artifacts") + ([said["artifact"]] if isinstance(said.get("artifact"), dict) else [])
    return Update(
        task=_word(said, "taskId") or _word(said, "id"),
        context=_word(said, "contextId") or _word(said, "sessionId"),
        state=_word(status, "state").removeprefix("TASK_STATE_").lower().replace("_", "-"),
        text=text_of(status["message"]) if isinstance(status.get("message"), dict) else "",
        artifacts=tuple(_artifact(one, said) for one in artifacts),
    )


def _artifact(one: Json, around: Json) -> tuple[str, str, bool]:
    name = _word(one, "artifactId") or str(one.get("index", "")) or _word(one, "name")
    return name or "0", text_of(one), bool(around.get("append") or one.get("append"))


def text_of(holder: Json) -> str:
    """The texts among the parts of a message or an artifact."""
    return "".join(part["text"] for part in rows(holder, "parts") if isinstance(part.get("text"), str))


def rows(value: Json, key: str) -> list[Json]:
    found = value.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _word(value: Json, key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
