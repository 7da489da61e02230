"""Measures agents by small tasks whose result a program checks: a suite, its cells, what they came to."""

from __future__ import annotations
