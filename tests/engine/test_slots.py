"""Who may run beside whom."""

from __future__ import annotations

from typing import Any

import pytest
from modelmuxd.engine.capacity import fitted
from modelmuxd.engine.slots import Seat, Slots, kept_of
from muxwire.settings.model import Limits

GB = 1 << 30


def seat(name: str, **more: Any) -> Seat:
    return Seat(**{"run_id": name, "provider": "codex", "account": "codex", "root": name, **more})


def test_each_account_has_its_own_slots() -> None:
    slots = Slots(Limits(running=8, per_provider=1))
    slots.take(seat("a"))
    held = slots.held(seat("b"))
    assert held is not None
    assert (held.reason, held.text, held.on) == ("slots", "slots: codex has 1 of 1 running", ("slots:codex",))
    assert slots.held(seat("b", account="codex@https://other")) is None
    assert "slots:codex" in slots.give_back("a")
    assert slots.held(seat("b")) is None


@pytest.mark.parametrize(("running", "kept"), [(1, 0), (2, 1), (4, 1), (8, 2), (100, 25)])
def test_some_slots_are_kept_for_nested_runs(running: int, kept: int) -> None:
    assert kept_of(running) == kept
    slots = Slots(Limits(running=running, per_provider=running))
    for number in range(running - kept):
        assert slots.full(depth=0) is None
        slots.take(seat(str(number)))
    assert slots.full(depth=0)
    assert (slots.full(depth=1) is None) == bool(kept)


def test_one_root_writes_in_a_folder_at_a_time() -> None:
    slots = Slots(Limits())
    slots.take(seat("a", workdir="/work"))
    other = slots.held(seat("b", workdir="/work"))
    assert other is not None
    assert (other.reason, other.text) == ("workdir", "workdir: a writes in /work")
    assert slots.held(seat("b", workdir="/work/below"))
    assert slots.held(seat("b", workdir="/"))
    assert slots.held(seat("b", workdir="/workshop")) is None
    assert slots.held(seat("reader")) is None
    assert slots.held(seat("child", root="a", depth=1, workdir="/work")) is None
    assert "workdir:/work" in slots.give_back("a")
    assert slots.held(seat("b", workdir="/work")) is None


def test_a_run_that_its_own_forebears_keep_out_is_known() -> None:
    slots = Slots(Limits(running=8, per_provider=1))
    slots.take(seat("parent"))
    slots.take(seat("stranger", account="claude", provider="claude"))
    child = seat("child", parent="parent", root="parent", depth=1)
    assert slots.never("parent", child) == "1 of 1 slots of codex"
    elsewhere = seat("child", parent="parent", root="parent", depth=1, account="claude", provider="claude")
    assert slots.never("parent", elsewhere) == ""
    assert Slots(Limits(running=1)).never("") == ""


def test_a_small_machine_runs_fewer_and_a_large_one_no_more() -> None:
    limits = Limits(running=8, per_provider=4)
    small, large = fitted(limits, (), 3 * GB), fitted(limits, (), 512 * GB)
    assert (small.running, small.per_provider) == (3, 3)
    assert (large.running, large.per_provider) == (8, 4)
    assert fitted(limits, (), GB // 2).running == 2
    assert fitted(limits, ("running",), GB).running == 8
