"""How far answers agree, in any language, and who a judge puts first."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from cli_stage import RESULT
from modelmuxd.domain.plans import Broadcast, Member
from modelmuxd.engine.composites import judge
from modelmuxd.engine.composites.compare import compared, own, similarity
from modelmuxd.engine.composites.score import Reply, Score
from modelmuxd.store.records import NewTask
from muxwire.runs import RunResult


def result(step: str, seconds: float = 1.0) -> RunResult:
    return msgspec.structs.replace(RESULT, step=step, duration_seconds=seconds)


@pytest.mark.parametrize(
    ("one", "like", "unlike"),
    [
        ("Use a lock around the map.", "Use a lock around that map!", "Rewrite it in a language without threads."),
        ("在映射周围使用锁来避免竞争。", "在映射周围使用一把锁以避免竞争。", "请改用没有线程的语言重写整个程序。"),
        ("with lock:\n    m[k] = v", "with lock:\n  m[k] = v + 1", "SELECT name FROM users WHERE id = ?"),
        ("Замок вокруг карты нужен.", "Нужен замок вокруг карты.", "Перепишите всё на другом языке."),
    ],
    ids=["english", "chinese", "code", "russian"],
)
def test_agreement_knows_no_language(one: str, like: str, unlike: str) -> None:
    assert similarity(one, one) == 1.0
    assert similarity(one, like) == similarity(like, one) > 0.5
    assert similarity(one, unlike) < 0.3


def test_two_chinese_answers_that_differ_do_not_agree() -> None:
    """0.29 found no words in them and called them the same."""
    assert similarity("东京是日本的首都", "请检查数据库连接") < 0.1


def test_what_each_says_alone() -> None:
    shared = "The map is written by two threads at once."
    assert own(f"{shared} The clock also steps back on suspend.", [shared]) == (
        "The clock also steps back on suspend.",
    )
    assert own(f"{shared} 时钟在挂起时会倒退，因此超时不可靠。", [shared]) == ("时钟在挂起时会倒退，因此超时不可靠。",)
    assert own(shared, [shared.upper()]) == ()


def test_a_comparison_ranks_by_agreement_and_by_speed() -> None:
    texts = {"a": "use a lock", "b": "use a lock, please", "c": "完全不同的答案在这里"}
    said = compared([result("a", 3.0), result("b", 1.0), result("c", 2.0), result("late")], texts)
    assert said.comparable
    assert said.speed_ranking == ("b", "c", "a")
    assert said.ranking[-1] == "c"
    assert set(said.pairwise_similarity) == {"a_vs_b", "a_vs_c", "b_vs_c"}
    assert said.agreement_score is not None
    assert 0.0 < said.agreement_score < 1.0
    assert said.unique["c"] == () or said.unique["c"][0].startswith("完全")


def test_one_answer_is_nothing_to_compare() -> None:
    said = compared([result("a"), result("b")], {"a": "x"})
    assert (said.comparable, said.reason) == (False, "1 of 2 answered: nothing to compare.")


def test_a_hundred_long_answers_are_compared_in_time() -> None:
    texts = {f"m{n}": f"{n} answers {n * n} " * 50_000 for n in range(100)}
    began = time.process_time()
    assert compared([result(name) for name in texts], texts).comparable
    assert time.process_time() - began < 20


PLAN = Broadcast(
    members=tuple(Member(name=name, provider=name) for name in ("codex", "gemini", "claude")),
    timeout=9,
    judge=Member(name="claude", provider="claude"),
)


def reply(step: str, **more: Any) -> Reply:
    fields = {"run_id": step, "step": step, "round": 1, "state": "success", "text": f"from {step}", "ended_at": 1.0}
    return Reply(**{**fields, **more})


ANSWERS = [reply(member.name) for member in PLAN.members]


def score(*more: Reply) -> Score:
    replies = {(one.step, one.round): one for one in (*ANSWERS, *more)}
    return Score(parent=NewTask(run_id="p", created_at=0.0, task="{x}"), canceling=False, replies=replies, now=2.0)


def form(*letters: str) -> str:
    words = ", ".join(f'"{letter}"' for letter in letters)
    return f'I have read them.\n```json\n{{"ranking": [{words}], "reasons": {{"A": "clear"}}}}\n```'


def test_a_judge_sees_no_names_and_an_order_of_its_own() -> None:
    turn = judge.turn_of(PLAN, score(), ANSWERS)
    assert turn is not None
    assert (turn.step, turn.provider, turn.sandbox) == ("the judge", "claude", "read-only")
    shown = [one.step for one in judge.shuffled("p", ANSWERS)]
    assert turn.task.index(f"from {shown[0]}") < turn.task.index(f"from {shown[1]}")
    assert not any(f"answer_{name}" in turn.task for name in shown)
    orders = {tuple(one.step for one in judge.shuffled(parent, ANSWERS)) for parent in map(str, range(50))}
    assert len(orders) == 6, "every order comes"


def test_its_ranking_is_told_by_name() -> None:
    shown = [one.step for one in judge.shuffled("p", ANSWERS)]
    found = judge.judgement(score(reply(judge.STEP, text=form("C", "A", "B"), asked_at=1.5)), ANSWERS)
    assert found is not None
    assert found.ranking == (shown[2], shown[0], shown[1])
    assert found.reasons == {shown[0]: "clear"}


@pytest.mark.parametrize("said", ["A is best", form("A", "B"), form("A", "B", "C", "C"), form("A", "B", "D"), ""])
def test_a_ranking_that_leaves_one_out_is_asked_for_once_more(said: str) -> None:
    asked = score(reply(judge.STEP, text=said, asked_at=1.5, session_id="s"))
    assert judge.judgement(asked, ANSWERS) is None
    turn = judge.turn_of(PLAN, asked, ANSWERS)
    assert turn is not None
    assert (turn.step, turn.session_id) == ("the judge/repair", "s")
    twice = score(reply(judge.STEP, text=said, asked_at=1.5), reply(judge.REPAIR, text=said, asked_at=1.6))
    assert judge.turn_of(PLAN, twice, ANSWERS) is None


def test_an_answer_that_came_after_all_is_not_among_those_that_were_judged() -> None:
    late = reply("claude", ended_at=9.0)
    found = judge.judgement(score(late, reply(judge.STEP, text=form("B", "A"), asked_at=1.5)), [*ANSWERS[:2], late])
    assert found is not None
    assert sorted(found.ranking) == ["codex", "gemini"]
