"""The lines of a file whose content nobody vouches for, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

LONGEST = 8 << 20
"""Bytes of a line that is still read; 0.29 has written answers of 5 MB."""


def lines(file: BinaryIO, longest: int = LONGEST) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number, from 1; None in place of one that is too long. Empty ones are left out."""
    number = 0
    while line := file.readline(longest + 1):
        number += 1
        if len(line) > longest and not line.endswith(b"\n"):
            while (more := file.readline(longest)) and not more.endswith(b"\n"):
                pass
            yield number, None
        elif line := line.strip():
            yield number, line
