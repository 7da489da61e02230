"""`muxctl show RUN --markdown`: the task, who said what in which order, and what came of it."""

from __future__ import annotations

from muxwire.detail import RunDetail
from muxwire.protocol import View
from muxwire.runs import RunResult

from modelmuxd.edge.render import human, runs
from modelmuxd.edge.render.markdown import plain, quoted


def transcript_text(detail: RunDetail, _view: View) -> str:
    result = detail.result
    text = f"# {result.kind or 'run'} {result.run_id}\n\n{_about(result)}\n## Task\n\n{quoted(detail.task)}"
    for run in detail.turns:
        text += f"\n## {plain(runs.turn_name(run))}: {plain(runs.who(run))}\n\n{_about(run)}\n{_said(run)}"
    return f"{text}\n## Result\n\n{_said(result)}"


def _about(run: RunResult) -> str:
    facts = (run.status, human.seconds(run.duration_seconds), runs.tokens(run), human.money(run.cost))
    return plain(" · ".join(filter(None, facts))) + "\n"


def _said(run: RunResult) -> str:
    """Its answer; where there is none, why."""
    if run.output_cleaned:
        return "It was cleaned away.\n"
    said = [quoted(run.output)] if run.output else []
    if run.error is not None:
        said.append(f"{plain(f'{run.error.code}: {run.error.message}')}\n")
    return "\n".join(said) or "No answer.\n"
