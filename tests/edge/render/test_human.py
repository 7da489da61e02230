"""Amounts as a person reads them; unknown is never zero."""

from __future__ import annotations

import pytest
from modelmuxd.edge.render import human


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"),
        (0.0, "0.0 s"),
        (-3, "0.0 s"),
        (9.96, "10 s"),
        (59.6, "1 m 0 s"),
        (3599.4, "59 m 59 s"),
        (7260, "2 h 1 m"),
        (1e6, "11 d"),
    ],
)
def test_seconds(value: float | None, shown: str) -> None:
    assert human.seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "—"), (0.0, "$0"), (0.0034123, "$0.0034"), (0.00000123, "$0.0000012"), (0.1, "$0.10"), (12.345, "$12.35")],
)
def test_dollars(value: float | None, shown: str) -> None:
    assert human.dollars(value) == shown


@pytest.mark.parametrize(("then", "shown"), [(None, "—"), (999, "now"), (940, "1 m ago"), (-9000, "2 h ago")])
def test_ago(then: float | None, shown: str) -> None:
    assert human.ago(then, 1000) == shown
