"""Who is next, and who is looked at again when something comes free."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from modelmuxd.domain.decision import Held
from modelmuxd.engine.queue import REMEMBERED, Queue, rank
from modelmuxd.store.records import Task
from store.builders import a_task, run_id

NOW = 100_000.0


def queued(number: int, **new: Any) -> Task:
    return Task(new=a_task(number, **new), state="queued")


def a_queue(*tasks: Task) -> Queue:
    queue = Queue()
    for task in tasks:
        queue.put(task, NOW)
    return queue


def taken(queue: Queue) -> list[str]:
    """Everything that may start, in order; all of it starts."""
    order = []
    while task := queue.take():
        order.append(task.new.run_id)
        queue.drop(task.new.run_id)
    return order


def held(*on: str, until: float | None = None) -> Held:
    return Held(reason="slots", text="slots: full", on=on, until=until)


def hold_all(queue: Queue, *on: str) -> None:
    while task := queue.take():
        queue.hold(task.new.run_id, held(*on), queue.mark)


def test_a_point_of_priority_is_worth_a_minute_of_age() -> None:
    old, young = queued(1, created_at=1000.0), queued(2, created_at=1059.0, priority=1)
    assert taken(a_queue(old, young)) == [run_id(2), run_id(1)]
    later = queued(2, created_at=1061.0, priority=1)
    assert taken(a_queue(old, later)) == [run_id(1), run_id(2)]


def test_nothing_starves() -> None:
    """The least urgent task goes before the most urgent one that comes 200 minutes later."""
    assert rank(queued(1, created_at=0.0, priority=-100)) < rank(queued(2, created_at=12_001.0, priority=100))


def test_age_counts_from_when_it_is_wanted() -> None:
    assert rank(queued(1, created_at=0.0, not_before=5000.0)) > rank(queued(2, created_at=4000.0))


def test_what_is_held_is_looked_at_again_when_its_thing_comes_free() -> None:
    queue = a_queue(queued(1), queued(2))
    hold_all(queue, "slots:codex")
    queue.free("slots:claude")
    assert queue.take() is None
    queue.free("slots:codex")
    assert taken(queue) == [run_id(1), run_id(2)]


def test_one_that_has_to_wait_for_it_again_ends_the_offering() -> None:
    queue = a_queue(*(queued(number) for number in range(1, 101)))
    hold_all(queue, "slots:codex")
    queue.free("slots:codex")
    first = queue.take()
    assert first is not None
    queue.hold(first.new.run_id, held("slots:codex"), queue.mark)
    assert queue.take() is None
    queue.free("slots:codex")
    assert taken(queue)[0] == run_id(1)


def test_one_that_waits_for_something_else_now_does_not_end_it() -> None:
    queue = a_queue(queued(1), queued(2))
    hold_all(queue, "slots:codex")
    queue.free("slots:codex")
    first = queue.take()
    assert first is not None
    queue.hold(first.new.run_id, held("workdir:/x"), queue.mark)
    assert taken(queue) == [run_id(2)]


def test_what_waits_for_either_of_two_is_offered_once() -> None:
    queue = a_queue(queued(1))
    hold_all(queue, "slots:codex", "slots:claude")
    queue.free("slots:claude", "slots:codex")
    assert taken(queue) == [run_id(1)]


def test_what_comes_free_while_it_is_looked_at_is_not_missed() -> None:
    queue = a_queue(queued(1))
    assert queue.take()
    mark = queue.mark
    queue.free("slots:codex")
    queue.hold(run_id(1), held("slots:codex"), mark)
    assert taken(queue) == [run_id(1)]


def test_nor_is_it_when_so_much_came_free_that_nobody_remembers() -> None:
    queue = a_queue(queued(1))
    assert queue.take()
    mark = queue.mark
    queue.free("slots:codex", *(f"run:{number}" for number in range(REMEMBERED)))
    queue.hold(run_id(1), held("slots:codex"), mark)
    assert taken(queue) == [run_id(1)]


def test_its_time_and_its_deadline_wake_it() -> None:
    queue = a_queue(queued(1, not_before=NOW + 10), queued(2, deadline=NOW + 20))
    hold_all(queue, "slots:codex")
    assert queue.next_due == NOW + 10
    queue.wake_due(NOW + 10)
    assert taken(queue) == [run_id(1)]
    queue.wake_due(NOW + 20)
    assert taken(queue) == [run_id(2)]


def test_a_canceled_task_is_gone_from_wherever_it_was() -> None:
    queue = a_queue(queued(1), queued(2, not_before=NOW + 10), queued(3))
    task = queue.take()
    assert task is not None
    mark = queue.mark
    for number in (1, 2, 3):
        queue.drop(run_id(number))
    assert not queue.in_hand(task.new.run_id, mark)
    queue.hold(task.new.run_id, held("slots:codex"), mark)
    queue.free("slots:codex")
    assert queue.take() is None
    assert (len(queue), queue.next_due) == (0, None)


def test_a_user_who_resumes_has_all_looked_at_again() -> None:
    waiting = Task(new=a_task(1), state="waiting", waiting="paused")
    queue = a_queue(waiting, queued(2))
    hold_all(queue)
    queue.recheck(["paused"])
    assert taken(queue) == [run_id(1)]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 1e5), st.integers(-100, 100), st.integers(0, 2)), max_size=40), st.data())
def test_whatever_comes_free_the_best_that_waits_for_it_is_next(
    asked: list[tuple[float, int, int]], data: st.DataObject
) -> None:
    """A model: per thing, the best by rank among all that wait for it."""
    keys = ("a", "b", "c")
    tasks = {run_id(n): queued(n, created_at=at, priority=points) for n, (at, points, _) in enumerate(asked)}
    wants = {run_id(n): keys[thing] for n, (_, _, thing) in enumerate(asked)}
    queue = a_queue(*tasks.values())
    while task := queue.take():
        queue.hold(task.new.run_id, held(wants[task.new.run_id]), queue.mark)
    while wants:
        thing = data.draw(st.sampled_from(keys))
        queue.free(thing)
        best = min((name for name in wants if wants[name] == thing), key=lambda name: rank(tasks[name]), default=None)
        task = queue.take()
        assert (task.new.run_id if task else None) == best
        if task:
            queue.drop(task.new.run_id)
            del wants[task.new.run_id]
            if rest := queue.take():
                queue.hold(rest.new.run_id, held(wants[rest.new.run_id]), queue.mark)
