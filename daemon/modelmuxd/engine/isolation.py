"""What a run with a worktree has around its agent: the folder before it, the project's check and the changes after."""

from __future__ import annotations

import msgspec
from muxwire.faults import FaultError
from muxwire.settings.model import Verify

from modelmuxd.engine.live import Live
from modelmuxd.engine.plan import SettingsFor
from modelmuxd.engine.verify import Verifier, failed
from modelmuxd.engine.worktrees import Worktrees
from modelmuxd.store.records import Attempt, Settle, Task


class Isolation:
    """Nothing happens here for a run that works on its caller's own files."""

    def __init__(self, worktrees: Worktrees, verifier: Verifier, settings_for: SettingsFor) -> None:
        self._worktrees = worktrees
        self._verifier = verifier
        self._settings_for = settings_for

    async def ready(self, task: Task) -> None:
        """Before the agent is started. Raises FaultError where the folder cannot be made."""
        await self._worktrees.ready(task)

    async def ended(self, task: Task, attempt: Attempt, ended: Settle, live: Live | None) -> Settle:
        """After the agent's end: its work is checked where it has finished, and in any case what it changed counts."""
        if task.new.worktree is None:
            return ended
        looks = bool(task.new.part_of) and task.new.sandbox == "read-only"  # at what another turn has changed
        if ended.fault is None and not task.canceling and not looks:
            ended = await self._verified(task, attempt, ended, live)
        return msgspec.structs.replace(ended, changes=await self._worktrees.changes(task))

    async def over(self, task: Task) -> None:
        """After the run's end."""
        await self._worktrees.tidy(task)

    async def _check_of(self, task: Task) -> Verify:
        """The project's own, unless the run measures its agent. Raises FaultError."""
        if trial := task.new.trial:
            return Verify(command=trial.check, timeout=trial.timeout)
        return (await self._settings_for(task.new.workdir, task.new.profile)).verify

    async def _verified(self, task: Task, attempt: Attempt, ended: Settle, live: Live | None) -> Settle:
        try:
            verify = await self._check_of(task)
        except FaultError as error:  # they were good when it began; whether its work is, nobody can tell now
            return msgspec.structs.replace(ended, attempt_state=error.fault.code, fault=error.fault)
        if not verify.command:
            return ended
        verified = await self._verifier(task, attempt, verify, live)
        if verified.exit_code == 0:
            return msgspec.structs.replace(ended, verified=verified)
        fault = failed(verified, canceled=bool(live and live.ending == "canceled"))
        return msgspec.structs.replace(ended, verified=verified, attempt_state=fault.code, fault=fault)
