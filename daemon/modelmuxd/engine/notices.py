"""Tells the ends of runs to a webhook and to a command of the user's: what is owed stands in the store, so that nothing
is lost with the daemon, and nobody who is told can hold a run up.

A webhook is told at least once, with the same `webhook-id` each time. A command is started once, and again only when
the daemon died meanwhile.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Awaitable, Callable

import anyio
import msgspec
from muxwire.environ import is_base
from muxwire.faults import FaultError
from muxwire.runs import CallerEnv
from muxwire.settings.model import Notifications

from modelmuxd.engine.clock import Clock
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.plan import SettingsFor
from modelmuxd.engine.telling import headers, shaped, told
from modelmuxd.runner.errand import run_errand
from modelmuxd.runner.webhook import PROGRAM, SECONDS
from modelmuxd.store.interface import TaskStore
from modelmuxd.store.records import Decided, Notice, Task

DELAYS = (10.0, 60.0, 300.0, 1800.0, 7200.0)
"""Seconds from a try in vain to the next one; after the last it is given up."""
AT_ONCE = 4
PAUSE = 0.5
"""Seconds between two looks, however much goes on."""
HOOK_SECONDS = 60.0

log = logging.getLogger(__name__)


class Notices:
    def __init__(
        self,
        *,
        store: TaskStore,
        settings_for: SettingsFor,
        login_env: Callable[[], Awaitable[CallerEnv]],
        hub: Hub,
        clock: Clock,
    ) -> None:
        self._store = store
        self._settings_for = settings_for
        self._login_env = login_env
        self._hub = hub
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled. Sleeps without an end while nothing is owed and nothing happens."""
        while True:
            changed = self._hub.changed()
            owed = await self._store.notices(AT_ONCE)
            ready = [notice for notice in owed if notice.due <= self._clock.now()]
            async with anyio.create_task_group() as tasks:
                for notice in ready:
                    tasks.start_soon(self._tell, notice)
            if not ready:
                await self._rest(changed, owed[0].due if owed else None)

    async def _rest(self, changed: anyio.Event, due: float | None) -> None:
        """Until something has changed somewhere, or the time of the next try."""
        async with anyio.create_task_group() as tasks:

            async def wait_for_due(due: float) -> None:
                await self._clock.sleep_until(due)
                tasks.cancel_scope.cancel()

            if due is not None:
                tasks.start_soon(wait_for_due, due)
            await changed.wait()
            await self._clock.sleep_until(self._clock.now() + PAUSE)
            tasks.cancel_scope.cancel()

    async def _tell(self, notice: Notice) -> None:
        task = await self._store.find(notice.run_id)
        try:
            said = (await self._settings_for(task.new.workdir, task.new.profile)).notifications
        except FaultError as error:
            await self._later(notice, error.fault.message)
            return
        why, wanted = "", notice.target in said.targets and task.state in (said.events or (task.state,))
        if wanted and notice.target == "webhook":
            why = await self._post(task, said)
            if why and notice.tries < len(DELAYS):
                await self._later(notice, why)
                return
        elif wanted:
            why = await self._start(task, said)
        await self._done(notice, why)

    async def _post(self, task: Task, said: Notifications) -> str:
        body = shaped(told(task), said)
        sent = headers(body, said.webhook_secret, identity=f"msg_{task.new.run_id}", now=self._clock.now())
        asked = json.dumps({"url": said.webhook_url, "headers": sent, "body": body}).encode()
        argv = (sys.executable, "-E", "-c", PROGRAM)
        return await run_errand(argv, asked, await self._env(), 3 * SECONDS)

    async def _start(self, task: Task, said: Notifications) -> str:
        facts = told(task)
        said_in = {f"MODELMUX_{name.upper()}": facts[name] for name in ("run_id", "status", "provider")}
        env = {**await self._env(), **said_in}
        return await run_errand(said.on_finish, json.dumps(facts).encode() + b"\n", env, HOOK_SECONDS)

    async def _env(self) -> dict[str, str]:
        """The login shell's, without anybody's keys."""
        return {name: value for name, value in (await self._login_env()).values.items() if is_base(name)}

    async def _later(self, notice: Notice, why: str) -> None:
        log.warning("Not told: %s", why, extra={"action": "notice", "run_id": notice.run_id, "target": notice.target})
        due = self._clock.now() + DELAYS[min(notice.tries, len(DELAYS) - 1)]
        await self._store.keep_notice(msgspec.structs.replace(notice, tries=notice.tries + 1, due=due))

    async def _done(self, notice: Notice, why: str) -> None:
        """Told, not wanted any more, or given up, which `muxctl why` tells."""
        if why:
            text = f"the {notice.target} was not told: {why} (tries: {notice.tries + 1})"
            await self._store.decide(notice.run_id, [Decided(kind="notice", text=text)], self._clock.now())
        await self._store.drop_notice(notice)
