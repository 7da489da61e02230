"""What our own programs say: JSON lines on stdout, without the secret that they were given. Servers echo keys in their
errors, and all that is said here is kept."""

from __future__ import annotations

import json
import sys
from typing import Any

SHORTEST = 6
"""Characters; whatever is shorter is no secret, and would be found everywhere."""
HIDDEN = b"[redacted]"


class Lines:
    def __init__(self, secret: str = "") -> None:
        inside = json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape")
        self._secret = inside if len(inside) >= SHORTEST else b""

    def say(self, event: dict[str, Any]) -> None:
        self.pass_on(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace"))

    def pass_on(self, line: bytes) -> None:
        """One line of JSON, as somebody else wrote it."""
        if self._secret:
            line = line.replace(self._secret, HIDDEN)
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
