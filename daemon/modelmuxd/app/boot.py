"""The daemon from its first breath to its exit code.

What is taken before the event loop runs (the claim, the socket) may wait for a predecessor that is just ending; from
then on nothing blocks.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import anyio
import msgspec
import psutil
from muxwire.faults import CONFIG, FaultError
from muxwire.folders import private_folder
from muxwire.places import Places, places
from muxwire.settings import Loaded, Settings
from muxwire.version import VERSION as OURS
from muxwire.words import EXIT_BUSY, EXIT_CONFIG, EXIT_FAILED, EXIT_SUCCESS

from modelmuxd.adapters.registry import builtins, register
from modelmuxd.app.plugins import load as load_plugins
from modelmuxd.app.rooms import Engine
from modelmuxd.app.table import handlers_of
from modelmuxd.edge.render import renderers
from modelmuxd.edge.server import Server
from modelmuxd.engine.capacity import fitted
from modelmuxd.engine.clock import SystemClock
from modelmuxd.engine.task_settings import SettingsSource, broken
from modelmuxd.life import drain, idle, logs
from modelmuxd.life.claim import Busy, claim
from modelmuxd.life.login_env import LoginEnvironment
from modelmuxd.life.policy_file import PolicyFile
from modelmuxd.life.socket import Address, take_address
from modelmuxd.life.supervision import Notifier
from modelmuxd.runner.agents import Agents
from modelmuxd.store.migrations import outstanding
from modelmuxd.store.tasks import open_store

log = logging.getLogger(__name__)


def run(*, started_by_client: bool = False) -> int:
    """Be the daemon until somebody ends it; the process's exit code. A failed start is one line on stderr."""
    here = places()
    try:
        _boot(here, started_by_client)
    except Exception as error:
        message, code = _failure(_root_of(error), here)
        sys.stderr.write(f"modelmuxd: {message}\n")
        return code
    return EXIT_SUCCESS


def _boot(here: Places, started_by_client: bool) -> None:
    """Be the only one, get ready to be found, live."""
    drain.clean_signals()
    os.chdir("/")  # no folder is kept busy by us
    private_folder(here.state)
    held = claim(here.daemon_lock)
    logs.set_up(here.log)
    drain.hold_signals()
    address = take_address(here)
    if update := _update(here):
        sys.stderr.write(f"modelmuxd: it {update}\n")
    try:
        anyio.run(_live, here, address, started_by_client)
    finally:
        address.unpublish()
    log.info("Ended", extra={"action": "end"})
    held.release()


def _root_of(error: BaseException) -> BaseException:
    """The one error that task groups have wrapped; the group where there are several."""
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return _root_of(inner[0]) if len(inner) == 1 else error


def _failure(error: BaseException, here: Places) -> tuple[str, int]:
    """The line and the exit code."""
    if isinstance(error, Busy):
        update = _update(here)
        return f"{error} and {update}" if update else str(error), EXIT_BUSY
    if isinstance(error, FaultError):
        fault = error.fault
        return f"{fault.message} {fault.hint}", EXIT_CONFIG if fault.code == CONFIG else EXIT_FAILED
    if isinstance(error, OSError):
        return f"{error.filename or here.state}: {error.strerror or error}", EXIT_FAILED
    log.critical("Failed", exc_info=error, extra={"action": "fail"})
    return f"{type(error).__name__}: {error} ({here.log} says more)", EXIT_FAILED


def _update(here: Places) -> str:
    """What keeps a daemon from answering at once after an update; a copy of millions of runs takes a minute or two."""
    size = outstanding(Path(here.database))
    return f"copies and updates its record of {size / 1e6:,.0f} MB: ask again when that is done" if size else ""


async def _live(here: Places, address: Address, started_by_client: bool) -> None:
    """Open the record, take up the work, serve, say so, wait for the end, drain."""
    notifier, end, clock = Notifier.from_env(), drain.Drain(), SystemClock()
    policy = PolicyFile(here.policy)
    plugins = load_plugins(register(builtins()), here.adapters)
    adapters = plugins.adapters
    for fault in plugins.faults:
        log.error("%s", fault.message, extra={"action": "plugin"})
    loaded = await SettingsSource(here, adapters).read()
    if loaded.faults:
        log.error("%s", broken(loaded.faults).message, extra={"action": "settings"})
    async with (
        open_store(Path(here.database)) as store,
        Agents.open(output_limit=loaded.settings.limits.output_bytes) as runner,
        await address.listener() as listener,
        anyio.create_task_group() as tasks,
    ):
        engine = Engine(
            here=here,
            store=store,
            runner=runner,
            settings=_for_this_machine(loaded),
            adapters=adapters,
            policy=policy.now,
            login=LoginEnvironment(),
            clock=clock,
        )
        server = Server(
            handlers_of(engine, here, address, policy, plugins, end, clock), version=OURS, renderers=renderers
        )
        await tasks.start(drain.watch_signals, end)
        await engine.start(tasks)
        served = anyio.Event()
        tasks.start_soon(_serve, server, listener, served)
        tasks.start_soon(notifier.watchdog)
        tasks.start_soon(address.keep_fresh)
        if started_by_client and loaded.settings.daemon.idle_exit:
            tasks.start_soon(_end_when_idle, server, engine, end, loaded.settings.daemon.idle_exit * 60.0)
        address.publish()
        log.info("Started", extra={"action": "start", "version": OURS, "socket": address.path})
        notifier.ready(f"answers at {address.path}")
        await end.begun()
        address.unpublish()
        notifier.stopping("answers what is in flight")
        engine.ending.refuse_new_work()
        server.drain()
        await end.finish(served.wait)
        tasks.cancel_scope.cancel()


def _for_this_machine(loaded: Loaded) -> Settings:
    said = {str(path[1]) for path in loaded.origins if len(path) > 1 and path[0] == "limits"}
    limits = fitted(loaded.settings.limits, said, psutil.virtual_memory().total)
    return msgspec.structs.replace(loaded.settings, limits=limits)


async def _serve(server: Server, listener: anyio.abc.SocketListener, served: anyio.Event) -> None:
    await server.serve(listener)
    served.set()


async def _end_when_idle(server: Server, engine: Engine, end: drain.Drain, limit: float) -> None:
    def activity() -> idle.Activity:
        unfinished = engine.scheduler.running + engine.scheduler.waiting
        return idle.Activity(server.connections, unfinished, server.quiet_since)

    await idle.until_idle(activity, limit=limit)
    log.info("Nobody has needed the daemon for a while", extra={"action": "idle"})
    end.begin()
