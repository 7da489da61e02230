"""The answer of one attempt while it forms: the last whole message, else the deltas joined. Memory stays bounded."""

from __future__ import annotations

import os
from pathlib import Path

INLINE = 64 * 1024
"""Bytes of an answer that the store keeps in its row; a larger one lies in a file of the attempt's folder."""
FILE = "answer"


class Answer:
    """Deltas go to memory up to INLINE bytes, then to a file; a message replaces them.

    Appending 256 KiB to the page cache does not hold the loop for longer than reading them did.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._path.unlink(missing_ok=True)  # of an earlier daemon: a re-adopted attempt is read from its beginning
        self._deltas = bytearray()
        self._spilled = 0
        self._message: str | None = None

    def delta(self, text: str) -> None:
        self._deltas += text.encode("utf-8", "replace")
        if len(self._deltas) > INLINE:
            self._spill()

    def message(self, text: str) -> None:
        self._message = text

    def _spill(self) -> None:
        with open(self._path, "ab", opener=_private) as file:
            file.write(self._deltas)
        self._spilled += len(self._deltas)
        self._deltas.clear()

    def close(self) -> tuple[str, bool, int]:
        """The answer's head (all of it when it is small), whether the whole lies in the file, its size in bytes."""
        if self._message is not None:
            return self._close_message(self._message)
        if not self._spilled:
            return self._deltas.decode(), False, len(self._deltas)
        self._spill()
        with self._path.open("rb") as file:
            head = file.read(INLINE)
        return head.decode("utf-8", "ignore"), True, self._spilled

    def _close_message(self, text: str) -> tuple[str, bool, int]:
        body = text.encode("utf-8", "replace")
        if len(body) <= INLINE:
            return body.decode(), False, len(body)
        self._path.unlink(missing_ok=True)
        with open(self._path, "wb", opener=_private) as file:
            file.write(body)
        return body[:INLINE].decode("utf-8", "ignore"), True, len(body)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
