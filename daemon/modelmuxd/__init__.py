"""The resident daemon."""

from __future__ import annotations
