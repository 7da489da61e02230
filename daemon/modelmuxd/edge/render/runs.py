"""Results of runs as text: one line each, an ending line, and the lists that `wait` and `cancel` print."""

from __future__ import annotations

from muxwire import exits
from muxwire.protocol import View
from muxwire.runs import CancelResult, Changes, RunResult, WaitResult
from muxwire.words import FINAL_STATES

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.layout import paint, state_colour, table
from modelmuxd.edge.render.plain import Answer


def waited(view: View) -> Answer:
    """`wait`: the state of each run, and as exit code that of the first which is no success."""
    return Answer(view, waited_text, lambda answer: exits.of_runs(answer.runs))


def canceled(view: View) -> Answer:
    return Answer(view, canceled_text)


def waited_text(answer: WaitResult, view: View) -> str:
    return run_lines(answer.runs, view)


def canceled_text(answer: CancelResult, view: View) -> str:
    return run_lines(answer.runs, view) or "Nothing to cancel: no run is under way.\n"


def answered_text(run: RunResult, view: View) -> str:
    return run_lines((run,), view)


def run_lines(results: tuple[RunResult, ...], view: View) -> str:
    rows = [
        (human.short(run.run_id), run.status, who(run), human.seconds(run.duration_seconds), outcome(run))
        for run in results
    ]
    styles = [("bold", state_colour(run.status), "", "dim", "") for run in results]
    return table(rows, view, styles=styles, drop=(3, 2))


def outcome(run: RunResult) -> str:
    """Why it failed or waits, else what it came to."""
    if run.error is not None:
        return run.error.message
    return run.waiting_for or run.summary


def who(run: RunResult) -> str:
    return clean.line(f"{run.provider}/{run.model}" if run.model else run.provider) or human.UNKNOWN


def turn_name(run: RunResult) -> str:
    return run.step if run.round < 2 else f"{run.step}, round {run.round}"


def tokens(run: RunResult) -> str:
    usage = run.token_usage
    return f"{human.count(usage.total_tokens)} tokens" if usage else f"tokens {human.UNKNOWN}"


def changed(changes: Changes) -> str:
    files = "1 file" if changes.files == 1 else f"{changes.files} files"
    return f"{files} changed, +{changes.added} -{changes.deleted}" if changes.files else "nothing changed"


def ending(run: RunResult, view: View) -> str:
    """The dim line below an answer: run, provider, time, tokens, cost; of a run that goes on, where it stands."""
    facts = [human.short(run.run_id)]
    if run.status != "success":
        facts.append(run.status)
    facts.append(who(run))
    if run.failover_from:
        facts.append(f"after {clean.line(run.failover_from)}")
    if run.status in FINAL_STATES:
        cost = human.money(run.cost)
        facts += [human.seconds(run.duration_seconds), tokens(run), f"cost {cost}"]
        facts += [changed(run.changes)] if run.changes else []
    return paint(" · ".join(facts), "dim", view) + "\n"


def hint(run: RunResult, view: View) -> str:
    """The next command, where there is one."""
    command = clean.line(run.next) if run.next else _after(run)
    return paint(f"→ {command}", "dim", view) + "\n"


def _after(run: RunResult) -> str:
    run_id = human.short(run.run_id)
    if run.status not in FINAL_STATES:
        return f"muxctl wait {run_id}"
    if run.changes and run.changes.files:
        return f"muxctl diff {run_id}"
    if run.status == "success" and run.session_id:
        return f'muxctl dispatch -p {run.provider} --session {run.session_id} "…"'
    return f"muxctl show {run_id}"
