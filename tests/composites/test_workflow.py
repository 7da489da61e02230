"""Workflows step by step: what begins when, what is taken from whom, and what a failure does. No agent is run."""

from __future__ import annotations

import time
from typing import Any

import pytest
from modelmuxd.domain.plans import PlannedStep, Turn, Workflow
from modelmuxd.engine.composites import workflow
from modelmuxd.engine.composites.score import Finish, Key, Reply, Score
from modelmuxd.engine.composites.workflows import builtin, line_of
from modelmuxd.store.records import NewTask
from muxwire.faults import Fault
from muxwire.settings import model
from muxwire.settings.workflows import cycle, needs_of, unknown, waves


class Table:
    """A workflow whose steps a test answers by hand."""

    def __init__(self, *steps: PlannedStep, budget: int | None = None) -> None:
        self.plan = Workflow(name="w", steps=steps)
        self.parent = NewTask(
            run_id="p", created_at=0.0, task="{a} is what was asked", plan=self.plan, max_cost_micros=budget
        )
        self.replies: dict[Key, Reply] = {}

    @property
    def score(self) -> Score:
        return Score(parent=self.parent, canceling=False, replies=self.replies, now=1.0)

    def next(self) -> tuple[Turn, ...]:
        after = workflow.next_turns(self.plan, self.score)
        assert after.finish is None, after.finish
        for turn in after.spawn:
            self.keep(turn.step, state="running")
        return after.spawn

    def keep(self, step: str, **more: Any) -> None:
        fields = {"run_id": step, "step": step, "round": 1, "cost_micros": 10, **more}
        self.replies[step, 1] = Reply(**fields)

    def says(self, step: str, text: str = "") -> None:
        self.keep(step, state="success", text=text or f"answer of {step}")

    def fails(self, step: str) -> None:
        self.keep(step, state="error", fault=Fault("quota", "quota exceeded"))

    def end(self) -> Finish:
        finish = workflow.next_turns(self.plan, self.score).finish
        assert finish is not None
        return finish


def step(name: str, task: str = "{input}", **more: Any) -> PlannedStep:
    return PlannedStep(**{"name": name, "task": task, "timeout": 9, "provider": "codex", **more})


def begun(table: Table) -> list[str]:
    return [turn.step for turn in table.next()]


def test_steps_begin_as_soon_as_those_they_wait_for_are_done() -> None:
    table = Table(step("a"), step("b"), step("c", "{a}|{b}", needs=("a", "b")), step("d", needs=("a",)))
    assert begun(table) == ["a", "b"]
    table.says("a")
    assert begun(table) == ["d"]
    table.says("b", "{input} and {c}")
    (turn,) = table.next()
    assert turn.task == "answer of a|{input} and {c}", "what is filled in is not filled in again"
    table.says("c")
    table.says("d")
    assert table.end().output == "## c\n\nanswer of c\n\n## d\n\nanswer of d"


def test_the_input_is_what_was_asked_word_for_word() -> None:
    table = Table(step("a"), step("b", "{a} {nosuch} {a.nosuch} {}", needs=("a",)))
    (first,) = table.next()
    assert first.task == "{a} is what was asked"
    table.says("a", "x")
    (second,) = table.next()
    assert second.task == "x {nosuch} {a.nosuch} {}"


def test_a_failure_stops_it_and_no_error_is_fed_on() -> None:
    table = Table(step("a"), step("b"), step("c", "use: {a}", needs=("a",)))
    table.next()
    table.fails("a")
    after = workflow.next_turns(table.plan, table.score)
    assert after.finish is not None
    assert after.finish.fault is not None
    assert (after.spawn, after.cancel, after.finish.state) == ((), ("b",), "error")
    assert after.finish.fault.code == "quota"
    assert "muxctl retry p" in after.finish.fault.hint


def test_one_that_may_fail_leaves_the_others_without_its_answer() -> None:
    table = Table(step("a", on_fail="continue"), step("b", "use: {a}", needs=("a",)))
    table.next()
    table.fails("a")
    (turn,) = table.next()
    assert "quota" not in turn.task
    assert "no answer" in turn.task
    table.says("b")
    assert (table.end().state, table.end().summary) == ("success", "1 of 2 steps done")


def test_a_fallback_is_asked_in_its_place_and_taken_from() -> None:
    table = Table(step("a", on_fail="fallback", fallback="claude/opus"), step("b", "use: {a}", needs=("a",)))
    table.next()
    table.fails("a")
    (turn,) = table.next()
    assert (turn.step, turn.provider) == ("a/fallback", "claude/opus")
    assert begun(table) == []
    table.says("a/fallback", "from opus")
    (turn,) = table.next()
    assert turn.task == "use: from opus"


def test_a_fallback_that_fails_too_stops_it() -> None:
    table = Table(step("a", on_fail="fallback", fallback="claude"), step("b", needs=("a",)))
    table.next()
    table.fails("a")
    table.next()
    table.fails("a/fallback")
    assert table.end().state == "error"


def test_those_that_write_take_turns() -> None:
    table = Table(step("a", sandbox="write"), step("b", sandbox="write"), step("c"))
    assert begun(table) == ["a", "c"]
    table.says("a")
    assert begun(table) == ["b"]


@pytest.mark.parametrize(
    ("answer", "placeholder", "value"),
    [
        ('{"x": {"y": [1, "two"]}}', "{a.json.x.y.1}", "two"),
        ('{"x": {"y": [1]}}', "{a.json.x}", '{"y": [1]}'),
        ('Here:\n```json\n{"x": "修"}\n```\nThat is all.', "{a.output|json.x}", "修"),
        ("plain", "{a.output}", "plain"),
    ],
)
def test_fields_of_an_answer_that_is_json(answer: str, placeholder: str, value: str) -> None:
    table = Table(step("a"), step("b", placeholder, needs=("a",)))
    table.next()
    table.says("a", answer)
    (turn,) = table.next()
    assert turn.task == value


@pytest.mark.parametrize("answer", ["no json", "[1]", '{"y": 1}', "[" * 100_000])
def test_a_field_that_is_not_there_stops_it_by_name(answer: str) -> None:
    table = Table(step("a"), step("b", "{a.json.x}", needs=("a",)))
    table.next()
    table.says("a", answer)
    fault = table.end().fault
    assert fault is not None
    assert "a: its answer has no JSON field 'x'" in fault.message


def test_the_budget_ends_it_between_steps() -> None:
    table = Table(step("a"), step("b", needs=("a",)), budget=10)
    table.next()
    table.says("a")
    assert (table.end().state, table.end().summary) == ("blocked", "stopped at b; 1 done")


def test_029s_steps_follow_each_other_as_they_stand() -> None:
    steps = tuple(model.Step(name=name, task="{input}") for name in "abc")
    assert needs_of(model.Workflow(steps=steps)) == {"a": (), "b": ("a",), "c": ("b",)}
    assert needs_of(model.Workflow(version=2, steps=steps)) == {"a": (), "b": (), "c": ()}


def test_what_is_wrong_with_one_is_found_before_it_runs() -> None:
    a, b = model.Step(name="a", task="{b} {nosuch}"), model.Step(name="b", task="x", needs=("a",))
    ring = model.Workflow(version=2, steps=(a, b))
    assert sorted(set(cycle(ring))) == ["a", "b"]
    assert [(number, word) for number, word, _ in unknown(ring)] == [(0, "nosuch")]


@pytest.mark.parametrize("name", sorted(builtin()))
def test_built_in_ones_are_without_a_doubt(name: str) -> None:
    one = builtin()[name]
    line = line_of(name, one)
    assert line.warnings == ()
    assert cycle(one) == []
    assert sum(map(len, waves({each.name: each.needs for each in line.steps}))) == len(one.steps)


def test_five_hundred_steps_are_decided_in_time() -> None:
    """A chain across a fan: each look takes in all of them."""
    steps = [step("s0"), *(step(f"s{n}", f"{{s{n // 2}}}", needs=(f"s{n // 2}",)) for n in range(1, 500))]
    table, began = Table(*steps), time.process_time()
    while True:
        after = workflow.next_turns(table.plan, table.score)
        if after.finish:
            break
        for turn in after.spawn:
            table.says(turn.step, "x")
    assert len(table.replies) == 500
    assert time.process_time() - began < 1.0
