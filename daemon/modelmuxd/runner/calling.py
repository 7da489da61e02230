"""Which agent CLI a process was started by, where it is no agent of ours: by variables that the CLI sets for what it
starts, else by the name of an ancestor. Exact names only; what any of them says costs a candidate, never more."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import PurePath

import msgspec

from modelmuxd.runner.ancestry import ancestry, command, environ

MARKERS = {
    "CLAUDECODE": "claude",
    "CLAUDE_CODE_ENTRYPOINT": "claude",
    "CODEX_CI": "codex",
    "CODEX_THREAD_ID": "codex",
    "CODEX_SANDBOX": "codex",
    "GEMINI_CLI": "gemini",
    "QWEN_CODE": "qwen",
    "OPENCODE": "opencode",
}
"""Variables by which a CLI marks its children, and whose they are."""
PROGRAMS = frozenset(MARKERS.values())
HOSTS = frozenset({"node", "nodejs", "bun"})
"""They run a CLI that is a script: its name is their first word."""


class Sign(msgspec.Struct, frozen=True):
    """An agent CLI that is above a process, and by what it is known."""

    provider: str
    what: str
    """The variable's name, or the program's with its pid."""
    by: str
    """environment or process."""


def sign_of(pid: int) -> Sign | None:
    """The nearest one; None when there is none. About 40 µs for each generation; reads /proc: use a thread."""
    return _by_environment(pid) or _by_name(pid)


def _by_environment(pid: int) -> Sign | None:
    """Of several, the one whose mark goes missing first on the way up: it was set last."""
    marks = _marks(environ(pid))
    for one in islice(ancestry(pid), 1, None):
        if len(set(marks.values())) < 2:
            break
        above = environ(one)
        marks = {name: whose for name, whose in marks.items() if not above.get(name)} or marks
    name = next(iter(marks), "")
    return Sign(marks[name], name, "environment") if name else None


def _marks(env: Mapping[str, str]) -> dict[str, str]:
    return {name: whose for name, whose in MARKERS.items() if env.get(name)}


def _by_name(pid: int) -> Sign | None:
    for one in islice(ancestry(pid), 1, None):
        if (name := program(*command(one))) in PROGRAMS:
            return Sign(name, f"{name} ({one})", "process")
    return None


def program(kernel_name: str, words: list[str]) -> str:
    """What runs there: the kernel's name for it, or the script that an interpreter was started with.

    >>> program("codex", ["codex", "exec"]), program("node", ["/usr/bin/node", "/usr/bin/gemini", "-p"])
    ('codex', 'gemini')
    >>> program("vim", ["vim", "claude"])
    'vim'
    """
    host = bool(words) and PurePath(words[0]).name in HOSTS
    scripts = [word for word in words[1:] if not word.startswith("-")] if host else []
    return PurePath(scripts[0]).name if scripts else kernel_name
