from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.life.idle import LIMIT, Activity, due_in, until_idle


class HandClock:
    """Time passes only by sleeping; what happens meanwhile is scripted as (time, activity)."""

    def __init__(self, *script: tuple[float, Activity]) -> None:
        self.time = 0.0
        self.slept: list[float] = []
        self._script = script

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def look(self) -> Activity:
        return [activity for at, activity in self._script if at <= self.time][-1]


@pytest.mark.anyio
async def test_exits_half_an_hour_after_the_last_need() -> None:
    clock = HandClock(
        (0, Activity(0, 0, 0)),
        (100, Activity(1, 0, 0)),
        (4000, Activity(0, 0, 4000)),
    )
    await until_idle(clock.look, now=clock.now, sleep=clock.sleep)
    assert clock.time == 4000 + LIMIT
    assert clock.slept == [1800, 1800, 1800, 400], "it wakes only when it may be time"


@pytest.mark.anyio
async def test_never_less_than_that_after_a_task_that_ended_unseen() -> None:
    clock = HandClock((0, Activity(0, 0, 0)), (100, Activity(0, 1, 90)), (3599, Activity(0, 0, 90)))
    await until_idle(clock.look, now=clock.now, sleep=clock.sleep)
    assert clock.time == 3600 + LIMIT


@pytest.mark.anyio
async def test_a_daemon_nobody_calls_ends_after_the_limit() -> None:
    clock = HandClock((0, Activity(0, 0, 0)))
    await until_idle(clock.look, now=clock.now, sleep=clock.sleep)
    assert clock.slept == [LIMIT]


@given(st.integers(0, 3), st.integers(0, 3), st.floats(0, 1e6), st.floats(0, 1e6))
def test_never_while_needed_and_never_early(connections: int, unfinished: int, since: float, later: float) -> None:
    wait = due_in(Activity(connections, unfinished, since), since + later)
    if connections or unfinished:
        assert wait == LIMIT
    else:
        assert (wait == 0) == (since + LIMIT - (since + later) <= 0)
