"""The small repository of a benchmark's task: made once, of the files that the task brings."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from anyio import to_thread

from modelmuxd.runner.git import Git, GitFailed


async def make(folder: Path, files: Mapping[str, str], hidden: Mapping[str, str], env: Mapping[str, str]) -> None:
    """`folder/repo`, with one commit, and beside it `folder/hidden`, unless they are there. Raises GitFailed."""
    if await to_thread.run_sync((folder / "repo" / ".git").is_dir):
        return
    try:
        made = Path(await to_thread.run_sync(_write, folder.parent, files, hidden))
        git = Git(env=env, folder=str(made / "repo"))
        await git("init", "--quiet")
        tree = await git.snapshot()
        await git("update-ref", "HEAD", await git.line("commit-tree", tree, "-m", "The task"))
        await to_thread.run_sync(_move, made, folder)
    except OSError as error:
        raise GitFailed(error.strerror or str(error)) from error


def _write(parent: Path, files: Mapping[str, str], hidden: Mapping[str, str]) -> str:
    """In a folder of its own: what is at its place is whole."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = tempfile.mkdtemp(prefix="new-", dir=parent)
    for name, contents in (("repo", files), ("hidden", hidden)):
        Path(made, name).mkdir()
        for path, text in contents.items():
            file = Path(made, name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return made


def _move(made: Path, folder: Path) -> None:
    try:
        os.rename(made, folder)  # noqa: PTH104 - refuses where another has been faster
    except OSError:
        shutil.rmtree(made)
        if not (folder / "repo").is_dir():
            raise
