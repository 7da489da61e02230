"""The composition root: the only place that constructs."""

from __future__ import annotations
