"""A suite of tasks: one TOML file each, ours in `tasks/` beside this module or a user's own in a folder.

A task brings the files of a small repository, what the agent is asked, and a check that runs where the agent has
worked. `hidden` files are the check's own: the agent's worktree does not hold them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Annotated

import msgspec
from msgspec import Meta
from muxwire.faults import CONFIG, refuse, unknown_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OURS = Path(__file__).parent / "tasks"
MAX_TASKS = 200
MAX_BYTES = 1024 * 1024
"""Of one task's file."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Exercise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One task, as its file says it."""

    kind: Annotated[str, Meta(pattern=r"^[a-z][a-z-]{0,31}$")]
    """The kind of work, as routing names it."""
    title: str
    prompt: Annotated[str, Meta(min_length=1)]
    check: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Program and arguments, run where the agent has worked. `{python}` is an interpreter, `{hidden}` the folder of the
    hidden files."""
    files: dict[str, str]
    hidden: dict[str, str] = {}
    timeout: Annotated[int, Meta(ge=1, le=3600)] = 300
    """Seconds that the agent has."""
    check_timeout: Annotated[int, Meta(ge=1, le=600)] = 60

    @property
    def digest(self) -> str:
        """Another one for each change: what was measured with another text does not count."""
        return blake2b(msgspec.json.encode(self, order="deterministic"), digest_size=8).hexdigest()


def read(folder: str = "") -> dict[str, Exercise]:
    """All tasks of a suite by name; ours where no folder is named. Raises FaultError(CONFIG). Blocks on the disk."""
    where = Path(folder) if folder else OURS
    try:
        files = sorted(where.glob("*.toml"))[: MAX_TASKS + 1]
        suite = {file.stem: parse(file.stem, _read(file), str(file)) for file in files}
    except OSError as error:
        raise refuse(CONFIG, f"The suite {where} cannot be read: {error.strerror}.") from error
    if not suite or len(suite) > MAX_TASKS:
        text = f"{where} holds {'no task' if not suite else f'more than {MAX_TASKS} tasks'}."
        raise refuse(CONFIG, text, "A suite is a folder of NAME.toml files, one for each task.")
    return suite


def parse(name: str, text: str, where: str) -> Exercise:
    """Raises FaultError(CONFIG) that says what is wrong with it."""
    try:
        exercise = msgspec.convert(tomllib.loads(text), Exercise)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise refuse(CONFIG, f"{where}: {error}.", "See `muxctl benchmark --help`.") from None
    if not _NAME.fullmatch(name):
        raise refuse(CONFIG, f"{where}: a task's name has small letters, digits and `-`.", "Rename the file.")
    if bad := [path for path in (*exercise.files, *exercise.hidden) if not _inside(path)]:
        raise refuse(CONFIG, f"{where}: {bad[0]!r} does not stay in the task's folder.", "Name it relative to that.")
    return exercise


def choose(suite: dict[str, Exercise], names: Sequence[str]) -> dict[str, Exercise]:
    """Those that are named, or all. Raises FaultError for a name that there is not."""
    for name in names:
        if name not in suite:
            raise unknown_name("task", name, suite)
    return {name: exercise for name, exercise in suite.items() if not names or name in names}


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        raw = opened.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise refuse(CONFIG, f"{file} is larger than {MAX_BYTES >> 20} MiB.", "Tasks are small.")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise refuse(CONFIG, f"{file} is not UTF-8.", "Save it as UTF-8.") from None


def _inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    clean = bool(parts) and "\0" not in path and not path.startswith("/")
    return clean and ".." not in parts and parts[0].lower() not in (".git", ".modelmux")
