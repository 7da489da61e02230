"""What became of a composite, derived from its task and those of its turns."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from muxwire.broadcast import BroadcastResult, Tally
from muxwire.collaborate import Artifact, CollaborateResult, CollaborationState, TurnLine
from muxwire.runs import RunResult, SubtaskLine
from muxwire.words import State
from muxwire.workflow import StepTally, WorkflowResult

from modelmuxd.domain.plans import Broadcast, Collaboration, Workflow
from modelmuxd.engine.composites import decompose, judge
from modelmuxd.engine.composites.broadcast import answered
from modelmuxd.engine.composites.collaborate import Walk
from modelmuxd.engine.composites.compare import compared
from modelmuxd.engine.composites.score import Score
from modelmuxd.engine.composites.verdicts import fenced
from modelmuxd.engine.results import cost_of, duration_of, token_usage
from modelmuxd.store.records import Task


def broadcast_result(task: Task, plan: Broadcast, turns: Sequence[RunResult], now: float) -> BroadcastResult:
    """`turns` in the order in which they were asked."""
    names = {member.name for member in plan.members}
    results = [turn for turn in turns if turn.step in names]
    good = sum(turn.status == "success" for turn in results)
    return BroadcastResult(
        run_id=task.new.run_id,
        status=task.state,
        providers=tuple(turn.step for turn in results),
        results=tuple(results),
        judge=next((turn for turn in turns if turn.step == judge.STEP), None),
        summary=Tally(total=len(results), success=good, error=len(results) - good),
        duration_seconds=duration_of(task, now),
        token_usage=token_usage(task.usage),
        cost=cost_of(task),
        error=task.fault,
        next="" if task.ended_at is not None else f"muxctl wait {task.new.run_id}",
    )


def with_comparison(result: BroadcastResult, score: Score, plan: Broadcast) -> BroadcastResult:
    """Takes up to some seconds for a hundred long answers."""
    answers = answered(plan, score)
    found = judge.judgement(score, answers) if plan.judge else None
    texts = {reply.step: reply.patch or reply.text for reply in answers}
    comparison = compared(result.results, texts, found.ranking if found else ())
    notes = () if found or not plan.judge else ("the judge gave no ranking that can be read",)
    return msgspec.structs.replace(result, comparison=comparison, judgement=found, notes=notes)


_STATES: dict[State, CollaborationState] = {
    "queued": "submitted",
    "waiting": "submitted",
    "running": "working",
    "success": "completed",
    "canceled": "canceled",
    "blocked": "rejected",
}
"""0.29's words, which are A2A's; all else has failed."""
ARTIFACT = 50
"""Characters that a fenced block has more of to be an artifact, as in 0.29."""
ARTIFACT_HEAD = 2000


def collaborate_result(
    task: Task, plan: Collaboration, walk: Walk, turns: Sequence[RunResult], now: float
) -> CollaborateResult:
    run_id = task.new.run_id
    reviewed = any(turn.verdict == "review" for turn in plan.pattern.turns)
    return CollaborateResult(
        task_id=run_id,
        context_id=run_id,
        pattern=plan.name,
        state=_STATES.get(task.state, "failed"),
        rounds=walk.rounds,
        duration_seconds=duration_of(task, now),
        providers_used=tuple(dict.fromkeys(turn.provider for turn in turns)),
        turns=tuple(map(_turn_line, turns)),
        final_output=task.output,
        artifacts=artifacts(task.output),
        run_id=run_id,
        status=task.state,
        approved=walk.approved if reviewed else None,
        verdict=walk.verdict,
        verdicts=tuple(walk.verdicts),
        notes=tuple(walk.notes),
        token_usage=token_usage(task.usage),
        cost=cost_of(task),
        changes=task.changes,
        error=task.fault,
        next="" if task.ended_at is not None else f"muxctl wait {run_id}",
    )


def workflow_result(task: Task, plan: Workflow, turns: Sequence[RunResult], now: float) -> WorkflowResult:
    run_id, begun = task.new.run_id, {turn.step for turn in turns}
    good = sum(turn.status == "success" for turn in turns)
    ended = task.ended_at is not None
    again = f"muxctl retry {run_id}" if task.state not in ("success", "canceled") else ""
    return WorkflowResult(
        workflow=plan.name,
        description=plan.description,
        steps=tuple(turns),
        summary=StepTally(total_steps=len(plan.steps), success=good, total_duration=duration_of(task, now)),
        run_id=run_id,
        status=task.state,
        output=task.output,
        skipped=tuple(step.name for step in plan.steps if step.name not in begun) if ended else (),
        duration_seconds=duration_of(task, now),
        token_usage=token_usage(task.usage),
        cost=cost_of(task),
        changes=task.changes,
        error=task.fault,
        next=again if ended else f"muxctl wait {run_id}",
    )


def artifacts(text: str) -> tuple[Artifact, ...]:
    """The fenced blocks of an answer."""
    long = [(kind, block) for kind, block in fenced(text) if len(block) > ARTIFACT]
    return tuple(
        Artifact(id=f"artifact-{number}", name=kind or "text", content=block[:ARTIFACT_HEAD])
        for number, (kind, block) in enumerate(long, 1)
    )


def _turn_line(turn: RunResult) -> TurnLine:
    return TurnLine(
        turn_id=turn.run_id,
        role=turn.step,
        round=turn.round,
        provider=turn.provider,
        model=turn.model,
        status=turn.status,
        duration=turn.duration_seconds,
        output_summary=turn.summary,
        error=turn.error,
    )


def within(turns: Sequence[RunResult], limit: int) -> list[RunResult]:
    """The same with answers cut so that all of them have `limit` characters at most, each an equal share."""
    share = limit // max(1, len(turns))
    return [turn if len(turn.output) <= share else _cut(turn, share) for turn in turns]


def _cut(turn: RunResult, share: int) -> RunResult:
    size = turn.output_size or len(turn.output.encode())
    return msgspec.structs.replace(turn, output=turn.output[:share], output_size=size)


def taken_apart(result: RunResult, turns: Sequence[Task]) -> RunResult:
    """With its parts, where there are any."""
    own = {decompose.PLAN, decompose.REPAIR, decompose.WHOLE, decompose.MERGE}
    parts = [turn for turn in turns if turn.new.step not in own]
    lines = tuple(
        SubtaskLine(
            name=part.new.step,
            provider=part.provider or part.new.provider,
            status=part.state,
            duration_seconds=duration_of(part, part.ended_at or part.new.created_at),
            summary=part.summary,
        )
        for part in parts
    )
    return msgspec.structs.replace(result, decomposed=bool(lines), subtasks=lines)
