"""A2A on the wire: the agent's card, one JSON-RPC call, one stream. Bounded, and every answer is checked for its shape.

What fails says whether it may pass by itself, and whether the agent may have got the message all the same.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from modelmuxd.runner import web
from modelmuxd.runner.a2a_dialects import Dialect

Json = dict[str, Any]

CARDS = ("/.well-known/agent-card.json", "/.well-known/agent.json")
CARD_LIMIT = 1024 * 1024
LIMIT = 16 * 1024 * 1024
"""Bytes of one answer, or of one stream; a longer text would not be read from us either."""
ERROR_LIMIT = 64 * 1024
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that the next look may no longer meet."""
UNANSWERED = frozenset({408, 500, 502, 504})
"""Statuses of somebody between us: the agent itself may be at work."""
_PASSING_CODES = frozenset({0, -32000, -32603})
"""JSON-RPC's codes for trouble inside the agent."""


class Failed(Exception):
    """`passing`: another look may succeed. `unknown`: the agent may have got what we sent."""

    def __init__(self, message: str, status: int = 0, *, passing: bool = False, unknown: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.passing = passing
        self.unknown = unknown


class Refused(Failed):
    """The agent's own error; `code` is JSON-RPC's, 0 for none."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, passing=code in _PASSING_CODES)
        self.code = code


class Wire:
    def __init__(self, http: web.Client) -> None:
        self._http = http

    @property
    def has_token(self) -> bool:
        return "authorization" in self._http.headers

    def card(self, url: str) -> Json:
        """The first card that is there; empty where there is none: then it is an agent of the old draft, at its address
        itself. Raises Failed for one that cannot be read."""
        named = url.endswith(".json")
        for place in (url,) if named else tuple(url.rstrip("/") + path for path in CARDS):
            with _told(), self._http.stream("GET", place) as answer:
                if answer.status_code == 404 and not named:
                    continue
                _check(answer)
                found = _parsed(web.body(answer, CARD_LIMIT))
            if not isinstance(found, dict):
                raise Failed(f"its card at {place} is no JSON object")
            return found
        return {}

    def ask(self, url: str, dialect: Dialect, method: str, params: Json, *, seconds: float | None = None) -> Json:
        """One call's result. `seconds`: for all its waits, where it has less than usual."""
        asked, patience = _request(method, params), self._http.timeout if seconds is None else seconds
        with (
            _told(),
            self._http.stream("POST", url, json=asked, headers=dialect.headers, timeout=patience) as answer,
        ):
            _check(answer)
            return _result(web.body(answer, LIMIT))

    def stream(self, url: str, dialect: Dialect, method: str, params: Json) -> Iterator[Json]:
        """The results of one call until its stream ends. An agent may answer with one JSON object instead."""
        headers = {**dialect.headers, "Accept": "text/event-stream"}
        with _told(), self._http.stream("POST", url, json=_request(method, params), headers=headers) as answer:
            _check(answer)
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                yield _result(web.body(answer, LIMIT))
                return
            for data in events(web.lines(answer, LIMIT)):
                yield _result(data)


def events(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The data of each server-sent event. One that lacks its empty line has broken off and counts as none.
    https://html.spec.whatwg.org/multipage/server-sent-events.html"""
    data: list[bytes] = []
    for line in lines:
        field, _, value = line.rstrip(b"\r").partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif not field and not value and data:
            yield b"\n".join(data)
            data = []


@contextmanager
def _told() -> Generator[None]:
    """What the library raises, in our words."""
    try:
        yield
    except (web.ConnectFailed, web.ConnectTimedOut) as error:
        raise Failed(_words(error), passing=True) from error
    except (web.BadAddress, web.BadScheme, UnicodeError) as error:
        raise Failed(f"its address cannot be used: {error}") from error
    except web.WebError as error:
        raise Failed(_words(error), passing=True, unknown=True) from error
    except web.TooLarge as error:
        raise Failed(str(error), unknown=True) from error


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _request(method: str, params: Json) -> Json:
    return {"jsonrpc": "2.0", "id": str(uuid.uuid4()), "method": method, "params": params}


def _check(answer: web.Answer) -> None:
    """Raises Failed for every status but 200."""
    status = answer.status_code
    if status == 200:
        return
    if 300 <= status < 400:
        raise Failed(f"it redirects (HTTP {status}), which we do not follow: name the address it leads to", status)
    try:
        said = web.body(answer, ERROR_LIMIT)[:500].decode("utf-8", "replace")
    except (web.TooLarge, web.WebError):
        said = ""
    message = f"HTTP {status}: {said}" if said.strip() else f"HTTP {status}"
    raise Failed(message, status, passing=status in PASSING, unknown=status in UNANSWERED)


def _parsed(raw: bytes) -> object:
    """None for what is no JSON."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _result(raw: bytes) -> Json:
    answer = _parsed(raw)
    if not isinstance(answer, dict):
        raise Failed("the agent's answer is no JSON-RPC", passing=True, unknown=True)
    if error := answer.get("error"):
        code = error.get("code") if isinstance(error, dict) else None
        message = error.get("message") if isinstance(error, dict) else error
        raise Refused(str(message), code if isinstance(code, int) else 0)
    result = answer.get("result")
    return result if isinstance(result, dict) else {}
