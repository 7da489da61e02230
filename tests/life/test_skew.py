from __future__ import annotations

import itertools

import pytest
from muxclients.link.skew import decide, order

OLD_TO_NEW = ["0.1.dev3", "0.1a1", "0.1b1", "0.1rc1", "0.1rc2", "0.1.0", "0.1.1", "0.2", "0.10", "1.0"]


@pytest.mark.parametrize(("older", "newer"), list(itertools.pairwise(OLD_TO_NEW)))
def test_order(older: str, newer: str) -> None:
    assert (order(older) or ()) < (order(newer) or ())


@pytest.mark.parametrize("supervised", [True, False])
@pytest.mark.parametrize("busy", [True, False])
@pytest.mark.parametrize(("client", "daemon"), list(itertools.combinations(OLD_TO_NEW, 2)))
def test_a_newer_daemon_is_never_replaced(client: str, daemon: str, busy: bool, supervised: bool) -> None:
    skew = decide(client, daemon, busy=busy, supervised=supervised)
    assert skew.action == "talk"
    assert "upgrade" in skew.notice


@pytest.mark.parametrize(
    ("busy", "supervised", "action", "word"),
    [
        (False, False, "replace", ""),
        (True, False, "talk", "idle"),
        (False, True, "talk", "service install"),
        (True, True, "talk", "service install"),
    ],
)
def test_a_newer_client(busy: bool, supervised: bool, action: str, word: str) -> None:
    skew = decide("0.2.0", "0.1.0", busy=busy, supervised=supervised)
    assert skew.action == action
    assert word in skew.notice
    assert bool(skew.notice) == (action == "talk")


@pytest.mark.parametrize(
    ("client", "daemon"), [("0.1", "0.1.0"), ("0.1.0", "0.1.0+g12"), ("unknown", "0.1.0"), ("1", "")]
)
def test_same_or_unknown_is_no_reason_for_words(client: str, daemon: str) -> None:
    assert decide(client, daemon, busy=False, supervised=False) == ("talk", "")
