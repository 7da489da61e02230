"""The hot verbs: no import beyond the interpreter's own, one write, one answer that comes ready to print."""

from __future__ import annotations
