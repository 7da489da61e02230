from __future__ import annotations

import os
import signal

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.life.drain import COURSES, Course, Drain, after_signal, more_urgent, unless_hurried, watch_signals
from muxwire.faults import FaultError

pytestmark = pytest.mark.anyio

courses = st.sampled_from(COURSES)


@given(st.lists(courses))
def test_a_course_never_gets_slower(asked: list[Course]) -> None:
    course: Course = "run"
    for one in asked:
        following = more_urgent(course, one)
        assert COURSES.index(following) >= COURSES.index(course)
        course = following
    assert course == max([*asked, "run"], key=COURSES.index)


@pytest.mark.parametrize(
    ("course", "expected"), [("run", "leave"), ("drain", "leave"), ("leave", "now"), ("kill", "now"), ("now", "now")]
)
def test_what_a_signal_means(course: Course, expected: Course) -> None:
    assert after_signal(course) == expected


async def test_two_signals() -> None:
    drain = Drain()
    async with anyio.create_task_group() as group:
        await group.start(watch_signals, drain)
        os.kill(os.getpid(), signal.SIGTERM)
        await drain.reached("leave")
        assert repr(drain) == "<Drain leave>"
        os.kill(os.getpid(), signal.SIGINT)
        await drain.reached("now")
        group.cancel_scope.cancel()


async def test_new_work_is_refused_with_a_next_step() -> None:
    drain = Drain()
    drain.refuse_new_work()
    assert Drain().state == "running"
    drain.ask("drain")
    with pytest.raises(FaultError) as caught:
        drain.refuse_new_work()
    assert caught.value.fault.code == "draining"
    assert caught.value.fault.hint
    assert drain.state == "draining"


async def test_waiting_ends_when_hurried_or_done_or_late() -> None:
    drain = Drain()

    async def forever() -> None:
        await anyio.sleep_forever()

    with anyio.fail_after(20):
        await unless_hurried(drain, anyio.lowlevel.checkpoint, "now", 1000)
        await unless_hurried(drain, forever, "now", 0.01)
        async with anyio.create_task_group() as group:
            group.start_soon(unless_hurried, drain, forever, "now", 1000)
            drain.ask("now")
