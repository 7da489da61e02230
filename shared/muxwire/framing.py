"""Frames: a 4-byte big-endian length and a msgpack body of at most 64 MiB. Sans-IO.

>>> frames = FrameReader()
>>> frames.feed(frame(b"\\x01") + b"\\x00\\x00")
>>> list(frames)
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
    """Cuts a byte stream into frame bodies: `feed` it bytes, iterate over the bodies that are complete so far.

    `limit` bounds what one peer can make us hold; it is small until the hello is done. It may be changed between two
    bodies and holds from the next one on, even when that has been fed already.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self.limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def __iter__(self) -> FrameReader:
        return self

    def __next__(self) -> bytes:
        """The next body. StopIteration until more is fed; FrameError when the length is none of ours."""
        end = self._end()
        if len(self._buffer) < end:
            raise StopIteration
        with memoryview(self._buffer) as view:
            body = bytes(view[HEADER:end])
        del self._buffer[:end]
        return body

    @property
    def ready(self) -> bool:
        """Whether a body is complete. Raises FrameError as soon as the length is known to be none of ours."""
        return len(self._buffer) >= self._end()

    @property
    def ready_or_garbled(self) -> bool:
        """Whether the next call gives a body or raises."""
        try:
            return self.ready
        except FrameError:
            return True

    @property
    def pending(self) -> int:
        """Bytes fed and not yet taken."""
        return len(self._buffer)

    def _end(self) -> int:
        """Where the next body ends, or its header while that is cut."""
        if len(self._buffer) < HEADER:
            return HEADER
        size = int.from_bytes(self._buffer[:HEADER], "big")
        if not 0 < size <= self.limit:
            raise FrameError(f"a frame of {size} bytes; 1 to {self.limit} are allowed")
        return HEADER + size
