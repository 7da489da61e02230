"""Answers as bytes ready to print: text for a terminal's width and colour, or JSON. Pure: one module per command."""

from __future__ import annotations
