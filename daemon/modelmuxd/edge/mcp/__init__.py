"""MCP, as an IDE's shim relays it. `relay` and `server` import the SDK, and are loaded with the first session."""

from __future__ import annotations
