"""What a session asks of whoever turns answers into bytes for a terminal or a pipe."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from muxwire.faults import Fault
from muxwire.protocol import View


class Printed(msgspec.Struct, frozen=True):
    """Bytes for the caller's stdout and stderr."""

    stdout: bytes = b""
    stderr: bytes = b""
    code: int | None = None
    """The caller's exit code; read of the last one only. None: 0 after a result, 1 after a fault."""


class Rendered(Protocol):
    """One call being rendered: any number of events, then exactly one result or fault."""

    def event(self, value: Any) -> Printed | None: ...

    def result(self, value: Any) -> Printed: ...

    def fault(self, fault: Fault) -> Printed: ...


class Renderers(Protocol):
    def start(self, method_name: str, view: View, params: Any) -> Rendered:
        """The rendering of one call.

        `params` is None, and `method_name` may be unknown, where the call is refused unread: then only `fault` follows.
        """
        ...
