from __future__ import annotations

from modelmuxd.engine.run_ids import ALPHABET, LENGTH, new_run_id


def test_ids_sort_by_time_and_are_lower_case() -> None:
    ids = [new_run_id(1_700_000_000 + n / 100) for n in range(1000)]
    assert ids == sorted(ids)
    assert all(len(one) == LENGTH and set(one) <= set(ALPHABET) for one in ids)


def test_ids_of_one_moment_differ() -> None:
    assert len({new_run_id(1_700_000_000) for _ in range(1000)}) == 1000
