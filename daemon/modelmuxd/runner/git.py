"""git, asked about a folder that an agent may have written in: offline, and running nothing that the folder brings.

Its hooks, filters (LFS pointers stay pointers), file system monitor and external diffs are off. Of an agent's worktree
only the files are read: the repository and the index are always named by us, since a `.git` that an agent wrote could
name a repository whose settings are commands. What is left: settings of the caller's own repository that git obeys
before it does anything, such as an include.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping

import anyio
import msgspec

from modelmuxd.runner.agents import find_program

LIMIT = 600.0
"""Seconds that one command may take: a checkout of a very large repository, on a slow disk."""
_OFF = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.untrackedCache": "false",
    "core.quotePath": "false",
    "submodule.recurse": "false",
    "protocol.allow": "never",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
}
_FILTER_WORDS = ("smudge", "clean", "process")
_WHO = "modelmux"


class GitFailed(Exception):
    """git would not; the message is its own."""


class Git(msgspec.Struct, frozen=True, kw_only=True):
    """One repository, one folder, one index, as one caller finds git. Any of them empty: as git finds them."""

    env: Mapping[str, str]
    """The caller's; only PATH and HOME count."""
    folder: str
    """Top of the work tree; commands run in it."""
    repository: str = ""
    index: str = ""
    filters: tuple[str, ...] = ()
    """Names of the filters that the repository's settings define: all are switched off."""

    async def __call__(self, *words: str, stdin: bytes = b"") -> bytes:
        """What it prints. Raises GitFailed, also where there is no git."""
        try:
            program = find_program("git", self.env, "/")
            with anyio.fail_after(LIMIT):
                done = await anyio.run_process(
                    [program, *self._off(), *words],
                    input=stdin,
                    cwd=self.folder,
                    env=self._environment(),
                    stderr=subprocess.PIPE,
                    check=False,
                )
        except TimeoutError as error:
            raise GitFailed(f"`git {words[0]}` took more than {LIMIT:.0f} s") from error
        except OSError as error:
            raise GitFailed(error.strerror or str(error)) from error
        if done.returncode:
            raise GitFailed(_words(done.stderr) or f"`git {words[0]}` ended with {done.returncode}")
        return done.stdout

    async def line(self, *words: str) -> str:
        """What it prints, as one line. Raises GitFailed."""
        return (await self(*words)).decode(errors="surrogateescape").rstrip("\n")

    async def unfiltered(self) -> Git:
        """The same, with the repository's filters known and off."""
        try:
            listed = await self("config", "--null", "--name-only", "--get-regexp", r"^filter\.")
        except GitFailed:  # none is defined: exit code 1
            return self
        keys = listed.decode(errors="surrogateescape").split("\0")
        names = {key.removeprefix("filter.").rpartition(".")[0] for key in keys if key}
        return msgspec.structs.replace(self, filters=tuple(sorted(names)))

    async def snapshot(self, besides: Collection[str] = ()) -> str:
        """The tree of all files in the folder but the ignored ones, as git's object id; the index is brought up to it.

        `besides`: paths that it is not to hold unless the index had them. Contents of nested repositories are left out.
        """
        changed = await self("diff-files", "--ignore-submodules=all", "--name-only", "-z")
        others = await self("ls-files", "--others", "--exclude-standard", "-z")
        skipped = {os.fsencode(path) for path in besides}
        new = [path for path in others.split(b"\0") if not path.endswith(b"/") and not _below(path, skipped)]
        paths = [path for path in (*changed.split(b"\0"), *new) if path]
        if paths:
            await self("update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=b"\0".join(paths))
        return await self.line("write-tree")

    async def commit(self, tree: str, parent: str, message: str) -> str:
        """An object that nothing names yet."""
        return await self.line("commit-tree", tree, "-p", parent, "-m", message)

    def _off(self) -> list[str]:
        said = dict(_OFF)
        for name in self.filters:
            said |= {f"filter.{name}.{word}": "" for word in _FILTER_WORDS} | {f"filter.{name}.required": "false"}
        return [part for key, value in said.items() for part in ("-c", f"{key}={value}")]

    def _environment(self) -> dict[str, str]:
        env = {name: self.env[name] for name in ("PATH", "HOME", "XDG_CONFIG_HOME") if name in self.env}
        env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
        for who in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{who}_NAME": _WHO, f"GIT_{who}_EMAIL": f"{_WHO}@localhost"}
        if self.repository:
            env |= {"GIT_DIR": self.repository, "GIT_WORK_TREE": self.folder}
        if self.index:
            env["GIT_INDEX_FILE"] = self.index
        return env


def _below(path: bytes, folders: Collection[bytes]) -> bool:
    return any(path == folder or path.startswith(folder + b"/") for folder in folders)


def _words(stderr: bytes) -> str:
    """The first lines of what git complains of, as one."""
    lines = stderr.decode(errors="replace").splitlines()
    return "; ".join(line.strip() for line in lines if line.strip() and not line.startswith("hint:"))[:500]
