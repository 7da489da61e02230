"""Runs that work away from their caller's files: which worktree each has, when it is made, applied and cleared away.

A worktree belongs to the run that began it and is shared by all who go on with it: later turns of its session, since
CLIs bind a session to its folder, and the runs that its agent asks for. It stays until its changes are applied or
discarded; one in which nothing has changed goes when its run ends.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal

import anyio
import anyio.to_thread
import msgspec
from muxwire.faults import CONFLICT, NOT_FOUND, USAGE, WORKTREE, Fault, FaultError, refuse
from muxwire.runs import Changes
from muxwire.worktree import Applied, Patch

from modelmuxd.domain.worktree import Worktree
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.plan import SettingsFor, named, session_of
from modelmuxd.engine.signals import of_changes
from modelmuxd.runner import worktree as git
from modelmuxd.runner.git import GitFailed
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Decided, NewTask, Task

log = logging.getLogger(__name__)


ENDING = 10.0
"""Seconds for which the daemon's end waits for a removal that has begun."""


class Worktrees:
    """`folder` holds them all, one folder each."""

    def __init__(self, *, store: TaskStore, settings_for: SettingsFor, clock: Clock, folder: str) -> None:
        self._store = store
        self._settings_for = settings_for
        self._clock = clock
        self._folder = folder
        self._lock = anyio.Lock()
        """One at a time makes, applies or removes: git's own locks refuse where ours wait."""

    async def chosen(self, task: NewTask, *, asked: bool, carry: bool) -> Worktree | None:
        """The worktree of a task that is being accepted. Raises FaultError(USAGE) where there can be none."""
        shared = await self._shared(task)
        if shared is not None and await anyio.to_thread.run_sync(git.exists, shared):
            return shared
        if not asked and shared is None:
            return None
        return await self._new(task, carry, shared.name if shared else task.run_id)

    async def _shared(self, task: NewTask) -> Worktree | None:
        """The one that it goes on in: its root's, when it works in it, or its session's."""
        if task.session_id and (found := await self._store.session_worktree(named(task), task.session_id)):
            return found
        if not task.root:
            return None
        above = (await self._store.find(task.root)).new.worktree
        if above is None or not Path(task.workdir).is_relative_to(above.path):
            return None
        return msgspec.structs.replace(above, folder=str(Path(task.workdir).relative_to(above.path)))

    async def _new(self, task: NewTask, carry: bool, name: str) -> Worktree:
        try:
            found = await git.find_checkout(task.workdir, task.env)
            base = await git.carry(found, task.env) if carry else found.head
        except GitFailed as error:
            text = f"{task.workdir} cannot have a worktree: {error}."
            raise refuse(USAGE, text, "Run it without --worktree, or `git init` there and commit.") from error
        return Worktree(
            name=name,
            path=str(Path(self._folder, name)),
            checkout=found.top,
            repository=found.repository,
            folder=found.folder,
            base=base,
            carry=carry,
            copied=(await self._settings_for(task.workdir, task.profile)).copied,
        )

    async def ready(self, task: Task) -> None:
        """Make the folder, unless somebody goes on in it. An attempt that starts over begins with a clean one.

        Raises FaultError where git will not.
        """
        tree = task.new.worktree
        if tree is None:
            return
        async with self._lock:
            over = tree.name == task.new.run_id and task.attempts > 0 and not session_of(task)
            if not over and await anyio.to_thread.run_sync(git.exists, tree):
                return
            await anyio.to_thread.run_sync(_private, self._folder)
            try:
                await git.create(tree, task.new.env)
            except (GitFailed, OSError) as error:
                raise FaultError(_not_made(tree, error)) from error

    async def changes(self, task: Task) -> Changes | None:
        """What has changed so far; None without a worktree, or where git cannot tell any more."""
        tree = task.new.worktree
        if tree is None or not await anyio.to_thread.run_sync(git.exists, tree):
            return None
        try:
            return await git.changes(tree, task.new.env)
        except (GitFailed, OSError) as error:
            log.warning("changes cannot be told: %s", error, extra={"run": task.new.run_id})
            return None

    async def patch(self, task: Task) -> Patch:
        """Raises FaultError where there is none (any more)."""
        tree = await self._there(task)
        try:
            counted, patch = await git.patch(tree, task.new.env)
        except (GitFailed, OSError) as error:
            raise refuse(CONFLICT, f"The changes cannot be told: {error}.", f"Look in {tree.path}.") from error
        return Patch(run_id=task.new.run_id, checkout=tree.checkout, changes=counted, patch=patch)

    async def apply(self, task: Task) -> Applied:
        """Bring the changes into the caller's checkout, all or none, and clear the worktree away."""
        async with self._lock:
            tree = await self._finished(task)
            found = await self.patch(task)
            if found.changes.files:
                await self._into_checkout(task, tree, found.patch)
            await self._gone(task, tree, "apply", found.changes)
        return Applied(run_id=task.new.run_id, checkout=tree.checkout, changes=found.changes)

    async def discard(self, task: Task) -> Applied:
        """Clear the worktree away, with what changed in it."""
        async with self._lock:
            tree = await self._finished(task)
            lost = await self.changes(task) or Changes(0, 0, 0)
            await self._gone(task, tree, "discard", lost)
        return Applied(run_id=task.new.run_id, checkout=tree.checkout, changes=lost)

    async def _into_checkout(self, task: Task, tree: Worktree, patch: bytes) -> None:
        try:
            await git.apply(tree, task.new.env, patch)
        except GitFailed as error:
            run = task.new.run_id
            raise refuse(
                CONFLICT,
                f"The changes do not fit into {tree.checkout}, and nothing was changed: {error}.",
                f"Commit what is in the way and apply again, or merge: `muxctl diff {run} | git apply --3way`.",
            ) from error

    async def tidy(self, task: Task) -> None:
        """After the end of a run: its worktree goes when nobody goes on there and nothing has changed in it, or what
        has was only to be checked."""
        tree, changed = task.new.worktree, task.changes
        if tree is None or task.ended_at is None:
            return
        if not task.new.trial and (changed is None or changed.files):
            return
        async with self._lock:
            if await self._users(tree) or not await anyio.to_thread.run_sync(git.exists, tree):
                return
            try:
                with anyio.move_on_after(ENDING, shield=True):  # half a removal is what nobody looks for any more
                    await git.remove(tree, task.new.env)
            except GitFailed as error:
                log.warning("a worktree is left behind: %s", error, extra={"run": task.new.run_id})

    async def collect(self) -> None:
        """At the daemon's start: clear away what a crash has left, and what no run is known of."""
        for name in await anyio.to_thread.run_sync(git.names, self._folder):
            try:
                task = await self._store.find(name)
            except FaultError as error:
                if error.fault.code == NOT_FOUND:
                    await self._forget(str(Path(self._folder, name)))
                continue
            await self._remove_the_rest(task)
            await self.tidy(task)

    async def _forget(self, folder: str) -> None:
        async with self._lock:
            try:
                await anyio.to_thread.run_sync(git.forget, folder)
            except OSError as error:
                log.warning("a folder is left behind: %s", error)

    async def _remove_the_rest(self, task: Task) -> None:
        tree = task.new.worktree
        async with self._lock:
            if tree is not None and await anyio.to_thread.run_sync(git.half_removed, tree):
                await git.remove(tree, task.new.env)  # its folder is gone, which alone could fail

    async def _there(self, task: Task) -> Worktree:
        tree = task.new.worktree
        if tree is None:
            text = f"{task.new.run_id} had no worktree: it worked in {task.new.workdir} itself."
            raise refuse(CONFLICT, text, "Send a task with --worktree to get its changes as a patch.")
        if not await anyio.to_thread.run_sync(git.exists, tree):
            text = f"The worktree of {task.new.run_id} is gone: applied, discarded, or nothing was changed."
            raise refuse(CONFLICT, text, f"See `muxctl why {task.new.run_id}`.")
        return tree

    async def _finished(self, task: Task) -> Worktree:
        tree = await self._there(task)
        if users := await self._users(tree):
            raise refuse(CONFLICT, f"{users[0]} still works in this worktree.", f"Wait: `muxctl wait {users[0]}`.")
        return tree

    async def _users(self, tree: Worktree) -> list[str]:
        tasks = await self._store.unfinished()
        return [one.new.run_id for one in tasks if one.new.worktree and one.new.worktree.name == tree.name]

    async def _gone(self, task: Task, tree: Worktree, kind: Literal["apply", "discard"], counted: Changes) -> None:
        """Clear it away, and write down what became of it and what that says of its agent."""
        try:
            await git.remove(tree, task.new.env)
        except GitFailed as error:
            raise refuse(CONFLICT, f"The worktree is left behind: {error}.", f"Remove {tree.path} yourself.") from error
        run_id, now = task.new.run_id, self._clock.now()
        went = f"changed in {tree.checkout}" if kind == "apply" else "were thrown away"
        text = f"{counted.files} files {went}"
        signals = of_changes(kind, counted.files, await self._store.attempts(run_id), now)
        await self._store.decide(run_id, [Decided(kind=kind, text=text)], now, signals)


def _private(folder: str) -> None:
    Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)


def _not_made(tree: Worktree, error: Exception) -> Fault:
    text = f"The worktree could not be made: {error}."
    return Fault(WORKTREE, text, f"Mend it in {tree.checkout}, then `muxctl retry {tree.name}`.")
