"""Broadcasts that are compared and judged, and those that write."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
import scripted
from engine.repository import Repository
from engine.stage import Stage
from engine.test_broadcast import finished, send
from modelmuxd.domain.knowledge import Judged

pytestmark = pytest.mark.anyio

JUDGE = """
import json, re
text = sys.stdin.read()
letters = sorted(set(re.findall("<answer_([A-Z]+)>", text)))
best = [one for one in letters if "gemini" in text.partition("<answer_%s>" % one)[2].partition("</answer")[0]]
said = json.dumps({"ranking": best + [one for one in letters if one not in best]})
emit("message", "```json\\n" + said + "\\n```")
emit("done", True)
sys.exit()
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path, "codex", "gemini", "claude")
    scripted.install(made.bin, "claude", JUDGE)
    return made


async def test_a_judge_ranks_and_routing_learns_it(stage: Stage, tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = (f"note I-am {log}", f"sh tail -1 {log}")
    async with stage.engine() as engine:
        task = await send(stage, engine, *script, providers=("codex", "gemini"), judge="claude")
        with anyio.fail_after(30):
            result = await finished(engine, task)
        learned = [signal for _, signal in await engine.store.signals(0, 99) if isinstance(signal, Judged)]
    assert result.status == "success"
    assert result.judgement is not None
    assert result.comparison is not None
    assert result.comparison.ranked_by == "judge"
    assert result.comparison.ranking == result.judgement.ranking
    assert (result.providers, result.summary.total) == (("codex", "gemini"), 2)
    assert result.judge is not None
    assert result.judge.provider == "claude"
    assert {(one.source, one.agent, one.value) for one in learned} == {
        ("comparison", name, 1.0 - place) for place, name in enumerate(result.judgement.ranking)
    }


async def test_members_that_write_have_a_worktree_each(stage: Stage) -> None:
    repository = Repository(stage.workdir)
    async with stage.engine() as engine:
        task = await send(
            stage,
            engine,
            "sh echo 4 >>a.txt",
            providers=("codex", "gemini", "codex"),
            sandbox="write",
            worktree=True,
            compare=True,
        )
        result = await finished(engine, task)
        patches = [await engine.worktrees.patch(await engine.runs.find(run.run_id)) for run in result.results]
    assert result.status == "success", result
    assert len({run.worktree for run in result.results}) == 3
    assert all(b"+4" in patch.patch for patch in patches)
    assert not (repository.top / "a.txt").read_text().endswith("4\n")
    assert result.comparison is not None
    assert result.comparison.agreement_score == 1.0, "the patches are compared"


async def test_where_there_is_no_repository_nobody_writes(stage: Stage) -> None:
    async with stage.engine() as engine:
        task = await send(stage, engine, "say x", providers=("codex", "gemini"), sandbox="write", worktree=True)
        result = await finished(engine, task)
    assert result.error is not None
    assert (result.status, result.error.code) == ("error", "usage")
