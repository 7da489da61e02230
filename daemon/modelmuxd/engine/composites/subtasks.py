"""What a planner makes of a task: read strictly, and checked before any of it runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from graphlib import CycleError

import msgspec
from muxwire.settings.workflows import waves

from modelmuxd.engine.composites.verdicts import last_word

MOST = 8
"""Parts that a task may be taken into."""
LONGEST = 20_000
"""Characters that one part may be described in."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")

ASK = """
Decide whether this task is better done in parts by several agents that work on their own, or by one. Take it apart
only when the parts hardly depend on each other and each is worth an agent; otherwise say that it should not be. Do not
do it.

<task>
{task}
</task>

At most {most} parts. Each agent sees its own part and the answers of those that it depends on, nothing else: say in
each part all that is to be known. {providers}
"""
FORM = """
End your answer in exactly this form, a fenced block of JSON and nothing after it. Names are lower-case, without blanks.

```json
{"should_decompose": true, "subtasks": [{"name": "…", "task": "…", "provider": "auto", "depends_on": []}]}
```
"""
AGAIN = "Your last answer was no plan that can be used: {why}. Give the plan again, mended.\n"


class Subtask(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    task: str
    provider: str = "auto"
    depends_on: tuple[str, ...] = ()


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that can be run (no parts: do it whole), or why it cannot."""

    subtasks: tuple[Subtask, ...] = ()
    why: str = ""


def read(text: str, providers: Collection[str]) -> Planned:
    """One part, or none, is the task itself."""
    found = last_word(text, "subtasks")
    if found is None:
        return Planned(why="there is no JSON in the form that was asked for")
    if found.get("should_decompose") is False:
        return Planned()
    try:
        subtasks = msgspec.convert(found.get("subtasks"), tuple[Subtask, ...])
    except msgspec.ValidationError as error:
        return Planned(why=str(error))
    why = _wrong(subtasks, providers)
    return Planned(why=why) if why else Planned(subtasks=subtasks if len(subtasks) > 1 else ())


def told(subtasks: tuple[Subtask, ...]) -> str:
    """The plan as its user sees it before it runs."""
    return "\n".join([f"taken into {len(subtasks)} parts:", *map(_line, subtasks)])


def _line(one: Subtask) -> str:
    after = f", after {' and '.join(one.depends_on)}" if one.depends_on else ""
    return f"- {one.name} ({one.provider}{after}): {_head(one.task)}"


def _wrong(subtasks: tuple[Subtask, ...], providers: Collection[str]) -> str:
    names = [one.name for one in subtasks]
    if len(names) > MOST:
        return f"{len(names)} parts are more than {MOST}"
    for one in subtasks:
        if not _NAME.match(one.name) or names.count(one.name) > 1:
            return f"{one.name[:40]!r} cannot be a part's name, or is there twice"
        if not one.task.strip() or len(one.task) > LONGEST:
            return f"the task of {one.name} is empty or too long"
        if one.provider.partition("/")[0] not in ("auto", *providers):
            return f"there is no provider {one.provider[:40]!r}"
        if unknown := [name for name in one.depends_on if name not in names]:
            return f"{one.name} depends on {unknown[0][:40]!r}, which is no part"
    try:
        waves({one.name: one.depends_on for one in subtasks})
    except CycleError:
        return "parts wait for each other"
    return ""


def _head(task: str) -> str:
    line = " ".join(task.split())
    return line if len(line) <= 100 else f"{line[:99]}…"


def asked(task: str, providers: Collection[str]) -> str:
    may = f"A provider is auto, or one of {', '.join(providers)}." if providers else "Every provider is auto."
    return ASK.strip().format(task=task, most=MOST, providers=may) + "\n" + FORM
