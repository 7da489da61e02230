"""What git does for a run of its own worktree: find the commit, make the folder, tell what changed, apply it, clean up.

Beside the folder lies its index as it was when it was made, so that changes are found by comparing file times, and so
that what an agent does to the folder's own `.git` changes nothing for us. A ref, `refs/modelmux/NAME`, keeps the commit
from which changes are counted; nothing else is ever written into the caller's repository until changes are applied.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio.to_thread
import msgspec
from muxwire.runs import Changes

from modelmuxd.domain.worktree import Worktree
from modelmuxd.runner.git import Git, GitFailed

INDEX = ".index"
"""What ends the name of the file beside a worktree's folder that is our index of it."""
PATCH_LIMIT = 32 * 1024 * 1024
"""Bytes of a patch that travel to a client; a larger one is taken from the folder itself."""
_DIFF = ("diff-tree", "-r", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")
_NUMSTAT = re.compile(rb"([0-9-]+)\t([0-9-]+)\t[^\0]+")


class Checkout(msgspec.Struct, frozen=True):
    """Where a workdir stands in its repository."""

    top: str
    repository: str
    folder: str
    head: str


async def find_checkout(workdir: str, env: Mapping[str, str]) -> Checkout:
    """Raises GitFailed where there is no repository, no commit, or no git."""
    git = Git(env=env, folder=workdir)
    shown = await git.line(
        "rev-parse", "--path-format=absolute", "--show-toplevel", "--git-common-dir", "--show-prefix"
    )
    top, repository, folder = [*shown.split("\n"), ""][:3]
    try:
        head = await git.line("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except GitFailed as error:
        raise GitFailed("it has no commit yet") from error
    return Checkout(top, repository, folder.rstrip("/"), head)


async def carry(checkout: Checkout, env: Mapping[str, str]) -> str:
    """A commit on top of HEAD with all that is not committed; neither the index nor a file is touched."""
    git = Git(env=env, folder=checkout.top)
    own, index = (await git.line("rev-parse", "--absolute-git-dir")), await git.line("rev-parse", "--git-path", "index")
    git = await msgspec.structs.replace(git, repository=own).unfiltered()
    with tempfile.TemporaryDirectory(prefix="modelmux-") as folder:
        copy = f"{folder}/index"
        with suppress(FileNotFoundError):
            await anyio.to_thread.run_sync(shutil.copy2, os.path.join(checkout.top, index), copy)  # noqa: PTH118
        git = msgspec.structs.replace(git, index=copy)
        tree = await git.snapshot()
    return await git.commit(tree, checkout.head, "What was not committed when this run was asked for")


async def create(tree: Worktree, env: Mapping[str, str]) -> None:
    """The folder with the base in it, and the ignored files that go along. What lay there before is gone."""
    await remove(tree, env)
    git = await Git(env=env, folder=tree.checkout).unfiltered()
    await git("update-ref", _ref(tree), tree.base)
    await git("worktree", "add", "--detach", "--quiet", "--force", tree.path, tree.base)
    await anyio.to_thread.run_sync(_keep_index, tree)
    await _submodules(tree, git)
    await anyio.to_thread.run_sync(_copy_along, tree)


async def remove(tree: Worktree, env: Mapping[str, str]) -> None:
    """The folder and every trace of it in the repository. Raises GitFailed when the folder cannot be removed."""
    try:
        await anyio.to_thread.run_sync(delete, tree.path)
    except OSError as error:
        raise GitFailed(f"{tree.path} cannot be removed: {error.strerror}") from error
    git = Git(env=env, folder=tree.checkout)
    for words in (("worktree", "remove", "--force", "--force", tree.path), ("update-ref", "-d", _ref(tree))):
        with suppress(GitFailed):  # there was none, or the whole repository is gone
            await git(*words)
    await anyio.to_thread.run_sync(partial(Path(_index(tree)).unlink, missing_ok=True))


async def changes(tree: Worktree, env: Mapping[str, str]) -> Changes:
    """What differs from the base, all turns together. Raises GitFailed."""
    git, base, after = await _compare(tree, env)
    return _count(await git(*_DIFF, "--numstat", "-z", base, after))


async def patch(tree: Worktree, env: Mapping[str, str]) -> tuple[Changes, bytes]:
    """The same, and as a patch. Raises GitFailed, also for one larger than PATCH_LIMIT."""
    git, base, after = await _compare(tree, env)
    counted = _count(await git(*_DIFF, "--numstat", "-z", base, after))
    with tempfile.TemporaryDirectory(prefix="modelmux-") as folder:
        file = Path(folder, "patch")
        await git(*_DIFF, "-p", "--binary", "--full-index", f"--output={file}", base, after)
        found = await anyio.to_thread.run_sync(_read, file)
    if len(found) > PATCH_LIMIT:
        raise GitFailed(f"the patch is larger than {PATCH_LIMIT >> 20} MiB; compare in {tree.path}")
    return counted, found


async def apply(tree: Worktree, env: Mapping[str, str], patch: bytes) -> None:
    """Change the files of the caller's checkout, all or none; its index and its branch stay. Raises GitFailed."""
    git = await Git(env=env, folder=tree.checkout).unfiltered()
    await git("apply", "--binary", "--whitespace=nowarn", "-", stdin=patch)


def exists(tree: Worktree) -> bool:
    """Whether it was made to the end and not removed since. Looks at the disk."""
    return Path(tree.path).is_dir() and Path(_index(tree)).exists()


def half_removed(tree: Worktree) -> bool:
    """Whether somebody was killed while he removed it: `remove` takes the index away last. Looks at the disk."""
    return not Path(tree.path).is_dir() and Path(_index(tree)).exists()


def names(folder: str) -> list[str]:
    """Of the worktrees in a folder that there is anything of. Looks at the disk."""
    with suppress(FileNotFoundError):
        return sorted({one.name.removesuffix(INDEX) for one in Path(folder).iterdir()})
    return []


def forget(folder: str) -> None:
    """One that no repository is known of. Raises OSError."""
    delete(folder)
    Path(f"{folder}{INDEX}").unlink(missing_ok=True)


def delete(folder: str) -> None:
    """A folder with everything in it, whatever its modes are; links are not followed."""
    if os.path.lexists(folder):
        shutil.rmtree(folder, onerror=_forced)


def _forced(function: Callable[..., object], path: str, _error: object) -> None:
    """An agent may have left folders that it cannot write in itself."""
    if not os.path.lexists(path):
        return
    parent = os.path.dirname(path)  # noqa: PTH120
    os.chmod(parent, stat.S_IRWXU)  # noqa: PTH101
    if not os.path.islink(path) and os.path.isdir(path):  # noqa: PTH112, PTH114
        os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
        shutil.rmtree(path)
    else:
        function(path)


async def _compare(tree: Worktree, env: Mapping[str, str]) -> tuple[Git, str, str]:
    """How to ask, the tree-ish from which changes are counted, and the tree as it is now."""
    git = Git(env=env, folder=tree.path, repository=tree.repository)
    try:
        base = await git.line("rev-parse", "--verify", "--quiet", f"{_ref(tree)}^{{commit}}")
    except GitFailed:
        base = tree.base
    git = await git.unfiltered()
    with tempfile.TemporaryDirectory(prefix="modelmux-") as folder:
        copy = f"{folder}/index"
        await anyio.to_thread.run_sync(shutil.copy2, _index(tree), copy)
        after = await msgspec.structs.replace(git, index=copy).snapshot(tree.copied)
    return git, base, after


def _read(file: Path) -> bytes:
    with file.open("rb") as patch:
        return patch.read(PATCH_LIMIT + 1)


def _count(numstat: bytes) -> Changes:
    found = [_NUMSTAT.fullmatch(line) for line in numstat.split(b"\0")]
    lines = [(one[1], one[2]) for one in found if one]
    return Changes(files=len(lines), added=sum(_number(a) for a, _ in lines), deleted=sum(_number(d) for _, d in lines))


def _number(word: bytes) -> int:
    return int(word) if word.isdigit() else 0


async def _submodules(tree: Worktree, git: Git) -> None:
    """Their files, from what the caller's checkout has of them: nothing is fetched. Changes in them are no part of the
    patch."""
    try:
        await git("cat-file", "-e", f"{tree.base}:.gitmodules")
    except GitFailed:
        return
    for line in (await git("ls-tree", "-r", "-z", tree.base)).split(b"\0"):
        if line.startswith(b"160000 "):
            about, _, path = line.partition(b"\t")
            with suppress(GitFailed):  # not there in the caller's checkout either
                await _submodule(tree, git.env, os.fsdecode(path), about.split()[2].decode())


async def _submodule(tree: Worktree, env: Mapping[str, str], path: str, commit: str) -> None:
    source = str(Path(tree.checkout, path))
    git = Git(env=env, folder=source)
    top = await git.line("rev-parse", "--show-toplevel")
    if not await anyio.to_thread.run_sync(os.path.samefile, top, source):
        return  # an empty folder: git has found the repository around it
    own = await git.line("rev-parse", "--absolute-git-dir")
    with tempfile.TemporaryDirectory(prefix="modelmux-") as folder:
        there = Git(env=env, folder=str(Path(tree.path, path)), repository=own, index=f"{folder}/index")
        there = await there.unfiltered()
        await there("read-tree", commit)
        await there("checkout-index", "--all", "--force")


def _keep_index(tree: Worktree) -> None:
    """Read before the agent is started: from then on the folder's own `.git` is what the agent says."""
    own = Path(tree.path, ".git").read_text().removeprefix("gitdir: ").strip()
    shutil.copy2(Path(own, "index"), _index(tree))
    Path(tree.path, tree.folder).mkdir(parents=True, exist_ok=True)  # it may hold nothing that is committed


def _copy_along(tree: Worktree) -> None:
    """Files and folders of the caller's that git ignores. One that leads out of the repository is left out, and so is
    one that is not there."""
    top = Path(tree.checkout).resolve()
    for name in tree.copied:
        source, target = Path(tree.checkout, name), Path(tree.path, name)
        if not source.exists() or top not in source.resolve().parents or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)


def _ref(tree: Worktree) -> str:
    return f"refs/modelmux/{tree.name}"


def _index(tree: Worktree) -> str:
    return f"{tree.path}{INDEX}"
