"""The user's policy: what it says (`rules`), how it is read (`parse`, `state`), what follows (`phases`). Pure."""

from __future__ import annotations
