"""Which client and which daemon understand each other, and what the others are told."""

from __future__ import annotations

import pytest
from muxwire.faults import PROTOCOL
from muxwire.hello import hello, negotiate
from muxwire.protocol import FEATURES, MAGIC, Hello, Refused, Welcome


def meet(client: tuple[int, int], daemon: tuple[int, int]) -> Welcome | Refused:
    asks = Hello(MAGIC, client[1], client[0], "1.0")
    return negotiate(asks, version="2.0", pid=7, min_protocol=daemon[0], protocol=daemon[1])


@pytest.mark.parametrize(
    ("client", "daemon", "agreed"),
    [
        ((1, 1), (1, 1), 1),
        ((1, 3), (1, 2), 2),
        ((1, 2), (1, 3), 2),
        ((2, 3), (1, 2), 2),
        ((1, 2), (2, 5), 2),
    ],
)
def test_the_newest_protocol_that_both_speak(client: tuple[int, int], daemon: tuple[int, int], agreed: int) -> None:
    answer = meet(client, daemon)
    assert isinstance(answer, Welcome)
    assert (answer.protocol, answer.version, answer.pid) == (agreed, "2.0", 7)


@pytest.mark.parametrize(
    ("client", "daemon", "next_step"),
    [
        ((1, 1), (2, 3), "Update the client"),
        ((3, 4), (1, 2), "muxctl daemon restart"),
        ((2, 1), (1, 1), "muxctl daemon restart"),
        ((0, 0), (1, 1), "Update the client"),
        ((-5, -1), (1, 1), "Update the client"),
    ],
)
def test_no_protocol_in_common_is_refused_with_the_next_step(
    client: tuple[int, int], daemon: tuple[int, int], next_step: str
) -> None:
    answer = meet(client, daemon)
    assert isinstance(answer, Refused)
    assert answer.fault.code == PROTOCOL
    assert next_step in answer.fault.hint


def test_a_strangers_magic_is_refused() -> None:
    answer = negotiate(Hello("HTTP/1.1", 1, 1, "1.0"), version="2.0", pid=7)
    assert isinstance(answer, Refused)
    assert answer.fault.code == PROTOCOL
    assert answer.fault.hint


@pytest.mark.parametrize(
    ("asked", "agreed"),
    [
        ((), ()),
        (("need", "view"), ("view", "need")),
        (("teleport", "chunk", "chunk"), ("chunk",)),
        (FEATURES, FEATURES),
    ],
)
def test_features_are_those_that_both_know(asked: tuple[str, ...], agreed: tuple[str, ...]) -> None:
    answer = negotiate(Hello(MAGIC, 1, 1, "1.0", asked), version="2.0", pid=7)
    assert isinstance(answer, Welcome)
    assert answer.features == agreed


def test_our_own_hello_is_welcome() -> None:
    answer = negotiate(hello("cli", version="1.0"), version="1.0", pid=7)
    assert isinstance(answer, Welcome)
    assert answer.features == FEATURES
