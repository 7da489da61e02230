"""A user's git repository for a test, and what must not change in it while a run works elsewhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ENV = {
    **{name: os.environ[name] for name in ("PATH",)},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


class Repository:
    """With two commits: `a.txt`, `sub/b.txt`, and a `.gitignore` that names `*.env`."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("a.txt", "one\ntwo\nthree\n")
        self.write("sub/b.txt", "b\n")
        self.write(".gitignore", "*.env\n")
        self.commit("first")
        self.write("a.txt", "one\n2\nthree\n")
        self.commit("second")

    def git(self, *words: str) -> str:
        ran = subprocess.run(["git", *words], cwd=self.top, env=ENV, capture_output=True, check=True, text=True)
        return ran.stdout

    def write(self, name: str, text: str) -> Path:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def read(self, name: str) -> str:
        return (self.top / name).read_text()

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def standing(self) -> tuple[str, ...]:
        """Branch, commit, index and working tree, and every ref."""
        return (
            self.git("symbolic-ref", "HEAD"),
            self.git("ls-files", "--stage"),
            self.git("status", "--porcelain", "--ignored"),
            self.git("for-each-ref", "refs/heads", "refs/tags", "refs/stash"),
        )

    def traces(self) -> str:
        """What of ours is in the repository."""
        return self.git("for-each-ref", "refs/modelmux") + "".join(self.git("worktree", "list").splitlines()[1:])
