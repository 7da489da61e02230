"""Frames: a 4-byte big-endian length and a msgpack body of at most 64 MiB. Sans-IO.

>>> frames = FrameReader()
>>> frames.feed(frame(b"\\x01") + b"\\x00\\x00")
[b'\\x01']
"""

from __future__ import annotations

MAX_FRAME = 64 * 1024 * 1024
HEADER = 4


class FrameError(ValueError):
    """The peer does not speak our frames: an empty or oversized length."""


def frame(body: bytes) -> bytes:
    """One body with its length in front. Raises FrameError when it is empty or larger than MAX_FRAME."""
    if not 0 < len(body) <= MAX_FRAME:
        raise FrameError(f"a frame holds 1 to {MAX_FRAME} bytes, not {len(body)}")
    return len(body).to_bytes(HEADER, "big") + body


class FrameReader:
    """Cuts a byte stream into frame bodies; keeps what is incomplete.

    `limit` bounds what one peer can make us hold; it is small until the hello is done.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self.limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies that `data` completes, in order. Raises FrameError before buffering a body over the limit."""
        self._buffer += data
        bodies: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= HEADER:
            size = int.from_bytes(self._buffer[start : start + HEADER], "big")
            if not 0 < size <= self.limit:
                raise FrameError(f"a frame of {size} bytes; 1 to {self.limit} are allowed")
            end = start + HEADER + size
            if len(self._buffer) < end:
                break
            bodies.append(bytes(self._buffer[start + HEADER : end]))
            start = end
        del self._buffer[:start]
        return bodies

    @property
    def pending(self) -> int:
        """Bytes held of a frame that is not complete."""
        return len(self._buffer)
