"""Placeholders in prompts: each is filled once, and what was filled in is never looked at again. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

LONGEST = 200_000
"""Characters of one answer that go into a prompt; of a longer one its beginning and its end do."""
_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.|-]*)\}")


def fill(template: str, value_of: Callable[[str], str | None]) -> str:
    """The template with what stands for each name; one that stands for nothing (None) stays as it is.

    >>> fill("{a} and {b} and {c}", {"a": "{b}", "b": "two"}.get)
    '{b} and two and {c}'
    """

    def one(found: re.Match[str]) -> str:
        value = value_of(found[1])
        return found[0] if value is None else shortened(value)

    return _NAME.sub(one, template)


def shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}\n[… {len(text) - LONGEST} characters left out …]\n{text[-half:]}"
