"""What the daemon answers, a module per noun; each names its methods in HANDLERS-making functions."""

from __future__ import annotations
