"""The built-in patterns, turn by turn: who speaks when, on whose session, and what ends it. No agent is run."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from modelmuxd.domain.plans import Collaboration, Turn
from modelmuxd.engine.composites.collaborate import next_turns, walked
from modelmuxd.engine.composites.patterns import builtin
from modelmuxd.engine.composites.score import Finish, Key, Reply, Score
from modelmuxd.store.records import NewTask
from muxwire.faults import Fault

YES = '```json\n{"verdict": "approved"}\n```'
NO = '```json\n{"verdict": "changes_requested", "findings": [{"severity": "major", "text": "it races"}]}\n```'
RULING = '```json\n{"verdict": "Do it.", "confidence": 0.75}\n```'


class Table:
    """A collaboration whose turns a test answers by hand."""

    def __init__(self, name: str, *, max_cost_micros: int | None = None, **more: Any) -> None:
        pattern = builtin()[name]
        self.plan = Collaboration(
            **{"name": name, "pattern": pattern, "max_rounds": pattern.max_rounds, "timeout": 9, **more}
        )
        self.parent = NewTask(
            run_id="p",
            created_at=0.0,
            task="Write {work} a parser.",
            plan=self.plan,
            max_cost_micros=max_cost_micros,
        )
        self.replies: dict[Key, Reply] = {}

    @property
    def score(self) -> Score:
        return Score(parent=self.parent, canceling=False, replies=self.replies, now=1.0)

    def next(self) -> tuple[Turn, ...]:
        """The turns that are to be asked now; they are under way from then on."""
        after = next_turns(self.plan, self.score)
        assert after.finish is None, after.finish
        for turn in after.spawn:
            self._keep(turn, state="running")
        assert next_turns(self.plan, self.score).spawn == (), "nobody is asked the same twice"
        return after.spawn

    def says(self, turn: Turn, text: str, **more: Any) -> None:
        self._keep(turn, **{"state": "success", "text": text, "session_id": f"s-{turn.step}", **more})

    def fails(self, turn: Turn, code: str = "quota") -> None:
        self._keep(turn, state="error", fault=Fault(code, f"{code}!"))

    def _keep(self, turn: Turn, **more: Any) -> None:
        who = {"provider": turn.provider.partition("/")[0], "cost_micros": 10}
        reply = Reply(**{"run_id": f"{turn.step}{turn.round}", "step": turn.step, "round": turn.round, **who, **more})
        self.replies[turn.step, turn.round] = reply

    def end(self) -> Finish:
        finish = next_turns(self.plan, self.score).finish
        assert finish is not None
        return finish


def names(turns: tuple[Turn, ...]) -> list[tuple[str, int]]:
    return [(turn.step, turn.round) for turn in turns]


def test_work_is_revised_until_it_is_approved() -> None:
    table = Table("review")
    (first,) = table.next()
    assert (first.step, first.provider, first.failover, first.sandbox) == ("implementer", "codex", True, None)
    assert "Write {work} a parser." in first.task, "what was asked is not filled in again"
    table.says(first, "draft")
    (review,) = table.next()
    assert (review.step, review.provider, review.sandbox, review.session_id) == ("reviewer", "claude", "read-only", "")
    assert "<work>\ndraft\n</work>" in review.task
    assert '"verdict"' in review.task
    table.says(review, NO)
    (revise,) = table.next()
    assert (revise.step, revise.round, revise.session_id) == ("reviser", 2, "s-implementer")
    assert "it races" in revise.task
    assert "draft" not in revise.task, "the session knows it"
    table.says(revise, "final", session_id="s-implementer")
    (again,) = table.next()
    assert (again.step, again.round, again.session_id) == ("reviewer", 2, "s-reviewer")
    table.says(again, YES)
    end = table.end()
    assert (end.state, end.output, end.summary) == ("success", "final", "approved after 2 rounds")


def test_it_ends_unapproved_after_the_last_round_with_the_work() -> None:
    table = Table("review", max_rounds=2)
    for word in ("one", "two"):
        (work,) = table.next()
        table.says(work, word)
        (review,) = table.next()
        table.says(review, NO)
    assert (table.end().output, table.end().summary) == ("two", "not approved after 2 rounds")
    assert [one.verdict for one in walked(table.plan, table.score).verdicts] == ["changes_requested"] * 2


def test_prose_is_asked_once_for_the_form_and_then_approves_nothing() -> None:
    table = Table("review", max_rounds=1)
    (work,) = table.next()
    table.says(work, "draft")
    (review,) = table.next()
    table.says(review, "LGTM, approved!")
    (repair,) = table.next()
    assert (repair.step, repair.session_id) == ("reviewer/repair", "s-reviewer")
    table.says(repair, "As I said: approved!")
    assert table.end().summary == "not approved after 1 round"
    assert "no verdict that can be read" in walked(table.plan, table.score).notes[0]


def test_the_form_once_mended_counts_and_without_a_session_the_answer_goes_along() -> None:
    table = Table("review", max_rounds=1)
    (work,) = table.next()
    table.says(work, "draft")
    (review,) = table.next()
    table.says(review, "It is fine.", session_id="")
    (repair,) = table.next()
    assert "It is fine." in repair.task
    table.says(repair, YES)
    assert table.end().summary == "approved after 1 round"


def test_a_session_that_is_lost_is_begun_anew_with_all_that_is_to_be_known() -> None:
    table = Table("review")
    (work,) = table.next()
    table.says(work, "draft")
    (review,) = table.next()
    table.says(review, NO)
    (revise,) = table.next()
    table.fails(revise, "invalid_request")
    (anew,) = table.next()
    assert (anew.step, anew.session_id, anew.failover) == ("reviser/anew", "", True)
    assert "draft" in anew.task
    assert "it races" in anew.task
    table.says(anew, "final")
    (again,) = table.next()
    assert "final" in again.task


def test_a_reviewer_that_fails_leaves_the_work_unapproved() -> None:
    table = Table("review")
    (work,) = table.next()
    table.says(work, "draft")
    (review,) = table.next()
    table.fails(review)
    assert (table.end().state, table.end().output) == ("success", "draft")
    walk = walked(table.plan, table.score)
    assert (walk.approved, walk.notes) == (False, ["reviewer failed in round 1: quota!"])


def test_without_any_work_the_fault_is_the_implementers() -> None:
    table = Table("review")
    (work,) = table.next()
    table.fails(work, "auth")
    end = table.end()
    assert end.fault is not None
    assert (end.state, end.fault.code) == ("error", "auth")


def test_work_that_the_check_refuses_is_reviewed_with_what_it_said() -> None:
    table = Table("review")
    (work,) = table.next()
    fault = Fault("verify", "The check says no.")
    table.says(work, "draft", state="error", fault=fault, verify="2 failed", patch="+def parse")
    (review,) = table.next()
    assert "2 failed" in review.task
    assert "+def parse" in review.task


def test_the_budget_ends_it_between_turns() -> None:
    table = Table("review", max_cost_micros=20)
    (work,) = table.next()
    table.says(work, "draft")
    (review,) = table.next()
    table.says(review, NO)
    assert table.end().output == "draft"
    assert walked(table.plan, table.score).notes == ["the budget is used up"]


def test_analysts_speak_at_once_and_one_that_fails_is_told() -> None:
    table = Table("consensus")
    analysts = table.next()
    assert names(analysts) == [("analyst_impl", 1), ("analyst_design", 1), ("analyst_security", 1)]
    table.says(analysts[0], "cheap")
    assert table.next() == ()
    table.fails(analysts[1])
    table.says(analysts[2], "risky")
    (synthesis,) = table.next()
    assert "cheap" in synthesis.task
    assert "(nothing yet)" in synthesis.task
    table.says(synthesis, "Do it, but slowly.")
    assert table.end().output == "Do it, but slowly."
    assert walked(table.plan, table.score).notes == ["analyst_design failed in round 1: quota!"]


def test_a_debate_of_four_rounds_ends_with_the_arbiter() -> None:
    table = Table("debate", max_rounds=4)
    spoken = []
    for _ in range(8):
        (turn,) = table.next()
        spoken.append((turn.step, turn.round))
        table.says(turn, f"{turn.step} {turn.round}")
    assert spoken == [(role, round) for round in (1, 2, 3, 4) for role in ("advocate", "critic")]
    (arbiter,) = table.next()
    assert (arbiter.step, arbiter.session_id) == ("arbiter", "")
    assert "## critic, round 4\n\ncritic 4" in arbiter.task
    table.says(arbiter, f"I have weighed it.\n{RULING}")
    assert table.end().summary == "Do it. (confidence 75%, 4 rounds)"
    assert table.end().output.startswith("I have weighed it.")


def test_the_arbiter_speaks_also_when_a_side_falls_silent() -> None:
    table = Table("debate", max_rounds=4)
    (advocate,) = table.next()
    table.says(advocate, "for")
    (critic,) = table.next()
    table.fails(critic)
    (arbiter,) = table.next()
    assert arbiter.step == "arbiter"


@pytest.mark.parametrize("name", ["review", "consensus", "debate"])
def test_a_pattern_is_read_back_from_the_store_as_it_was(name: str) -> None:
    plan = Table(name).plan
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Collaboration) == plan
