"""What the end of a run is told as, to whom it concerns: 0.29's shape, Slack's or Discord's, signed. Pure.

The signature is that of Standard Webhooks (standardwebhooks.com, 1.0): `webhook-id`, `webhook-timestamp` and
`webhook-signature: v1,BASE64` over `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from muxwire.redact import redact
from muxwire.settings.model import Notifications

from modelmuxd.store.records import Task

HEAD = 500
"""Characters of the task and of the answer's summary that are told."""
_COLOURS = {"success": 0x2EA043, "canceled": 0x8B949E}
_RED = 0xCF222E


def told(task: Task) -> dict[str, Any]:
    """As 0.29 told it (`event provider status duration_seconds task summary`), and which run it is."""
    began = task.started_at or task.new.created_at
    seconds = round((task.ended_at or began) - began, 3)
    summary = task.summary or (task.fault.message if task.fault else "")
    return {
        "event": f"modelmux.{task.new.origin.kind}.{task.state}",
        "run_id": task.new.run_id,
        "provider": task.provider or task.new.provider,
        "model": task.model,
        "status": task.state,
        "duration_seconds": seconds,
        "workdir": task.new.workdir,
        "task": redact(task.new.task[:HEAD]),
        "summary": redact(summary[:HEAD]),
        "cost_usd": None if task.cost_micros is None else task.cost_micros / 1_000_000,
    }


def shaped(facts: dict[str, Any], said: Notifications) -> str:
    """The body: what the address's owner understands."""
    match said.format or _format_of(said.webhook_url):
        case "slack":
            return json.dumps({"text": _line(facts), "blocks": [_block(_line(facts)), _block(facts["summary"] or "-")]})
        case "discord":
            colour = _COLOURS.get(facts["status"], _RED)
            embed = {"title": _line(facts)[:256], "description": facts["summary"], "color": colour}
            return json.dumps({"embeds": [embed], "allowed_mentions": {"parse": []}})
        case _:
            return json.dumps(facts)


def headers(body: str, secret: str, *, identity: str, now: float) -> dict[str, str]:
    """`identity` stays the same from try to try, so that the other side can tell a repetition."""
    found = {"content-type": "application/json", "webhook-id": identity, "webhook-timestamp": str(int(now))}
    if secret:
        signed = hmac.new(_key(secret), f"{identity}.{int(now)}.{body}".encode(), hashlib.sha256).digest()
        found["webhook-signature"] = f"v1,{base64.b64encode(signed).decode()}"
    return found


def _format_of(url: str) -> str:
    parts = urlsplit(url)
    if parts.hostname == "hooks.slack.com":
        return "slack"
    at_discord = parts.hostname in ("discord.com", "discordapp.com")
    return "discord" if at_discord and parts.path.startswith("/api/webhooks/") else "generic"


def _line(facts: dict[str, Any]) -> str:
    return f"{facts['provider']}: {facts['status']} after {facts['duration_seconds']:.0f} s - {facts['task'][:120]}"


def _block(text: str) -> dict[str, Any]:
    """Plain text: a model's words are no markup, and mention nobody."""
    return {"type": "section", "text": {"type": "plain_text", "text": text[:3000]}}


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            pass
    return secret.encode()
