"""Takes over what modelmux 0.29 kept: its lines, what they hold, the runs made of them."""

from __future__ import annotations
