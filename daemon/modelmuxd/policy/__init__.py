"""The user's policy: what it says (`rules`), how it is read (`parse`), what follows (`gate`). Pure."""

from __future__ import annotations

from modelmuxd.policy.gate import PolicyState, gate
from modelmuxd.policy.parse import parse
from modelmuxd.policy.rules import Policy

__all__ = ["Policy", "PolicyState", "gate", "parse"]
