"""A model's text is hostile on a terminal: it can retitle the window, write the clipboard, or hide what it says.

Piped and JSON output never comes through here: it is byte-exact.
"""

from __future__ import annotations

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_BIDI = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # embeddings, overrides, isolates; plain marks are kept
_KEPT = "\n\t"


def _visible(code: int) -> str:
    """How a control shows: ESC as ␛, the others by their control picture, what has none as the replacement mark."""
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


_TEXT = {code: _visible(code) for code in (*_CONTROLS, *_BIDI) if chr(code) not in _KEPT}
_LINE = _TEXT | {0x09: " ", 0x0A: " ", 0x0D: " ", 0x0B: " ", 0x0C: " ", 0x2028: " ", 0x2029: " "}


def text(hostile: str) -> str:
    """Text safe to show: controls and bidirectional overrides made visible; newlines, tabs and all scripts kept.

    >>> text("a\\x1b[2Jb\\r\\n")
    'a␛[2Jb\\n'
    """
    return hostile.replace("\r\n", "\n").translate(_TEXT)


def line(hostile: str) -> str:
    """The same on one line, for a cell of a table or one sentence."""
    return hostile.translate(_LINE)


class Stream:
    """`text` for pieces: a `\\r\\n` cut in two by the stream is still one newline."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        piece = self._held + piece
        self._held = "\r" if piece.endswith("\r") else ""
        return text(piece.removesuffix("\r") if self._held else piece)

    def end(self) -> str:
        held, self._held = self._held, ""
        return text(held)
