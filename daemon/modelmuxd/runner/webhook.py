"""One POST to somebody who wants to know, as a program of its own: a daemon at rest need not load an HTTP client.

    python -E -c "…; main()"  <{"url": …, "headers": {…}, "body": …}

Exit code 0 when the other side took it (2xx); else a line on stderr says why not, without the address: it may hold a
secret. Redirects are not followed, and the answer's body is not read.
"""

from __future__ import annotations

import json
import sys
from typing import Any

PROGRAM = "import sys; sys.path.pop(0); from modelmuxd.runner.webhook import main; main()"
SECONDS = 10.0


def main() -> None:
    sys.exit(_why_not(json.load(sys.stdin)) or 0)


def _why_not(asked: dict[str, Any]) -> str:
    from modelmuxd.runner import web  # here: the daemon reads this module for the two names above

    try:
        with (
            web.client(SECONDS, asked["headers"]) as client,
            client.stream("POST", asked["url"], content=asked["body"].encode()) as answer,
        ):
            return "" if answer.is_success else f"HTTP {answer.status_code}"
    except (web.WebError, web.BadAddress) as error:
        return type(error).__name__
