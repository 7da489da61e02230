"""Tasks that are taken apart: what a planner may say, and what follows from it. No agent is run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from modelmuxd.domain.plans import Decomposition, Turn
from modelmuxd.engine.composites import decompose, subtasks
from modelmuxd.engine.composites.score import Finish, Key, Next, Reply, Score
from modelmuxd.store.records import NewTask
from muxwire.faults import Fault
from muxwire.words import Sandbox

PLAN = Decomposition(provider="claude", model="opus", providers=("codex", "gemini"), timeout=9)


def part(name: str, *after: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "task": f"do {name} {{x}}", "depends_on": list(after), **more}


def said(*parts: dict[str, Any], **more: Any) -> str:
    plan = json.dumps({"should_decompose": True, "subtasks": parts, **more})
    return f"I think so.\n```json\n{plan}\n```"


class Table:
    """A decomposition whose turns a test answers by hand."""

    def __init__(self, sandbox: Sandbox = "read-only") -> None:
        self.parent = NewTask(run_id="p", created_at=0.0, task="build {it}", plan=PLAN, sandbox=sandbox)
        self.replies: dict[Key, Reply] = {}
        self.told: list[str] = []

    def look(self) -> Next:
        score = Score(parent=self.parent, canceling=False, replies=self.replies, now=1.0)
        return decompose.next_turns(PLAN, score)

    def next(self) -> tuple[Turn, ...]:
        after = self.look()
        assert after.finish is None, after.finish
        self.told += after.tell
        for turn in after.spawn:
            self.keep(turn.step, state="running")
        return after.spawn

    def keep(self, step: str, **more: Any) -> None:
        fields = {"run_id": step, "step": step, "round": 1, "provider": "claude", **more}
        self.replies[step, 1] = Reply(**fields)

    def says(self, step: str, text: str, session: str = "") -> None:
        self.keep(step, state="success", text=text, session_id=session)

    def fails(self, step: str) -> None:
        self.keep(step, state="error", fault=Fault("quota", "quota exceeded"))

    def end(self) -> Finish:
        finish = self.look().finish
        assert finish is not None
        return finish


def names(turns: tuple[Turn, ...]) -> list[str]:
    return [turn.step for turn in turns]


def test_parts_run_in_waves_and_the_planner_merges() -> None:
    table = Table()
    (plan,) = table.next()
    assert (plan.step, plan.provider, plan.model, plan.sandbox) == ("the plan", "claude", "opus", "read-only")
    assert "build {it}" in plan.task
    table.says("the plan", said(part("api", provider="codex"), part("ui"), part("docs", "api", "ui")))
    first = table.next()
    assert names(first) == ["api", "ui"]
    assert [(turn.provider, turn.failover) for turn in first] == [("codex", False), ("auto", True)]
    assert "do api {x}" in first[0].task
    assert table.told == [
        (
            "taken into 3 parts:\n- api (codex): do api {x}\n- ui (auto): do ui {x}\n"
            "- docs (auto, after api and ui): do docs {x}"
        )
    ]
    table.says("api", "the api")
    assert table.next() == ()
    table.says("ui", "the ui")
    (docs,) = table.next()
    assert "<api>\nthe api\n</api>" in docs.task
    assert len(table.told) == 1
    table.says("docs", "the docs")
    (merge,) = table.next()
    assert (merge.step, merge.sandbox) == ("the merge", "read-only")
    assert "the docs" in merge.task
    table.says("the merge", "all of it")
    assert (table.end().state, table.end().output, table.end().summary) == ("success", "all of it", "3 of 3 parts done")


@pytest.mark.parametrize("text", [said(should_decompose=False), said(part("only")), said()])
def test_what_is_not_worth_it_is_done_whole(text: str) -> None:
    table = Table()
    table.next()
    table.says("the plan", text)
    (whole,) = table.next()
    assert (whole.step, whole.task, whole.sandbox) == ("the task", "build {it}", None)
    table.says("the task", "done")
    assert table.end().output == "done"


WRONG = {
    "prose": "First I would do the api, then the ui.",
    "a circle": said(part("a", "b"), part("b", "a")),
    "itself": said(part("a", "a"), part("b")),
    "unknown": said(part("a", "nosuch"), part("b")),
    "twice": said(part("a"), part("a")),
    "a bad name": said(part("the plan"), part("b")),
    "a path": said(part("../a"), part("b")),
    "nobody": said(part("a", provider="nosuch"), part("b")),
    "too many": said(*(part(f"p{n}") for n in range(subtasks.MOST + 1))),
    "no task": said({"name": "a"}, part("b")),
    "a blank task": said({"name": "a", "task": " "}, part("b")),
    "no list": said(subtasks={"a": "b"}),
    "a number": said(part("a", provider=3), part("b")),
    "endless": said(part("a", task="x" * 30_000), part("b")),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_plan_that_cannot_run_is_asked_for_once_more_and_then_the_task_is_done_whole(text: str) -> None:
    table = Table()
    table.next()
    table.says("the plan", text, session="s")
    (repair,) = table.next()
    assert (repair.step, repair.session_id) == ("the plan/repair", "s")
    table.says("the plan/repair", text)
    (whole,) = table.next()
    assert whole.step == "the task"
    assert table.told[0].startswith("not taken apart: ")


def test_a_plan_once_mended_counts() -> None:
    table = Table()
    table.next()
    table.says("the plan", "prose")
    (repair,) = table.next()
    assert "You answered:\nprose" in repair.task
    table.says("the plan/repair", said(part("a"), part("b")))
    assert names(table.next()) == ["a", "b"]


def test_a_planner_that_fails_leaves_the_task_to_be_done_whole() -> None:
    table = Table()
    table.next()
    table.fails("the plan")
    assert names(table.next()) == ["the task"]


def test_a_part_that_fails_is_told_to_the_others_and_never_as_an_answer() -> None:
    table = Table()
    table.next()
    table.says("the plan", said(part("a"), part("b", "a")))
    table.next()
    table.fails("a")
    (after,) = table.next()
    assert decompose.FAILED in after.task
    assert "quota" not in after.task
    table.says("b", "done")
    (merge,) = table.next()
    table.says("the merge", "most of it")
    assert (merge.step, table.end().summary) == ("the merge", "1 of 2 parts done")


def test_when_no_part_is_done_the_fault_is_theirs() -> None:
    table = Table()
    table.next()
    table.says("the plan", said(part("a"), part("b")))
    table.next()
    table.fails("a")
    table.fails("b")
    fault = table.end().fault
    assert fault is not None
    assert (table.end().state, fault.code) == ("error", "quota")


def test_parts_that_write_take_turns() -> None:
    table = Table(sandbox="write")
    table.next()
    table.says("the plan", said(part("a"), part("b")))
    assert names(table.next()) == ["a"]
    assert table.next() == ()
    table.says("a", "x")
    assert names(table.next()) == ["b"]
