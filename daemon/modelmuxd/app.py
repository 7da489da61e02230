"""The composition root: the only place that constructs.

`run` is the daemon from its first breath to its exit code. What is taken before the event loop runs (the claim, the
socket) may wait for a predecessor that is just ending; from then on nothing blocks.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import msgspec
import psutil
from anyio.abc import TaskGroup
from muxwire.faults import CONFIG, Fault, FaultError
from muxwire.folders import private_folder
from muxwire.insight import DaemonFacts
from muxwire.methods import (
    ANSWER,
    APPLY,
    ATTACH,
    CANCEL,
    CHECK,
    DIFF,
    DISCARD,
    DISPATCH,
    FACTS,
    LIVE,
    PING,
    POLICY,
    POLICY_TEST,
    QUEUE,
    RETRY,
    SHOW,
    SHUTDOWN,
    STATUS,
    TRUST,
    VERSION,
    WAIT,
    WATCH,
    WHY,
)
from muxwire.places import Places, places
from muxwire.settings import Loaded, Settings
from muxwire.version import VERSION as OURS
from muxwire.words import EXIT_BUSY, EXIT_CONFIG, EXIT_FAILED, EXIT_SUCCESS

from modelmuxd.adapters.base import Adapter
from modelmuxd.adapters.registry import builtins, register
from modelmuxd.edge import handlers
from modelmuxd.edge.render import renderers
from modelmuxd.edge.server import Server
from modelmuxd.edge.table import Handlers
from modelmuxd.engine.accounts import Accounts
from modelmuxd.engine.admission import Admission
from modelmuxd.engine.attempts import Attempts
from modelmuxd.engine.capacity import fitted
from modelmuxd.engine.check import Prober
from modelmuxd.engine.clock import Clock, SystemClock
from modelmuxd.engine.dispatcher import Dispatcher
from modelmuxd.engine.ending import Ending
from modelmuxd.engine.environment import Environments, Secrets
from modelmuxd.engine.governor import Governor
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.isolation import Isolation
from modelmuxd.engine.line import Line
from modelmuxd.engine.plan import Planner
from modelmuxd.engine.reconcile import Reconciler
from modelmuxd.engine.runs import Runs
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.engine.status import StatusBoard
from modelmuxd.engine.task_settings import SettingsSource, broken
from modelmuxd.engine.trust import Trust
from modelmuxd.engine.verify import Verifier
from modelmuxd.engine.worktrees import Worktrees
from modelmuxd.life import drain, idle, logs
from modelmuxd.life.claim import Busy, claim
from modelmuxd.life.login_env import LoginEnvironment
from modelmuxd.life.policy_file import PolicyFile
from modelmuxd.life.socket import Address, take_address
from modelmuxd.life.supervision import Notifier, supervisor
from modelmuxd.policy.state import PolicyState, notice
from modelmuxd.runner.agents import Agents
from modelmuxd.runner.interface import Runner
from modelmuxd.store.interface import TaskStore
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
        return str(error), EXIT_BUSY
    if isinstance(error, FaultError):
        fault = error.fault
        return f"{fault.message} {fault.hint}", EXIT_CONFIG if fault.code == CONFIG else EXIT_FAILED
    if isinstance(error, OSError):
        return f"{error.filename or here.state}: {error.strerror or error}", EXIT_FAILED
    log.critical("Failed", exc_info=error, extra={"action": "fail"})
    return f"{type(error).__name__}: {error} ({here.log} says more)", EXIT_FAILED


class Engine:
    """The rooms behind the edge, joined. `adapters` and `clock` are what tests bring of their own."""

    def __init__(
        self,
        *,
        here: Places,
        store: TaskStore,
        runner: Runner,
        settings: Settings,
        adapters: Mapping[str, Adapter],
        policy: Callable[[], PolicyState],
        login: LoginEnvironment,
        clock: Clock,
    ) -> None:
        self.adapters = adapters
        self.hub = Hub()
        self.secrets = Secrets()
        self.source = SettingsSource(here, tuple(adapters))
        self.prober = Prober(adapters, here.check_cache, version=OURS)
        self.scheduler = Scheduler(store=store, hub=self.hub, clock=clock, limits=settings.limits)
        self.accounts = Accounts(store)
        self.governor = Governor(policy, settings.limits, tuple(adapters))
        planner = Planner(adapters, self.prober.locate, self.governor.excluded, settings.limits.on_timeout)
        self.worktrees = Worktrees(store=store, settings_for=self.source, clock=clock, folder=here.worktrees)
        verifier = Verifier(runner=runner, clock=clock, spool=Path(here.spool))
        self.attempts = Attempts(store=store, runner=runner, hub=self.hub, clock=clock, spool=Path(here.spool))
        self.admission = Admission(
            store=store,
            planner=planner,
            governor=self.governor,
            slots=self.scheduler.slots,
            accounts=self.accounts,
            environments=Environments(self.secrets, login.get),
            settings_for=self.source,
            clock=clock,
        )
        self.dispatcher = Dispatcher(
            store=store,
            planner=planner,
            admission=self.admission,
            governor=self.governor,
            attempts=self.attempts,
            isolation=Isolation(self.worktrees, verifier, self.source),
            scheduler=self.scheduler,
            accounts=self.accounts,
            secrets=self.secrets,
            settings_for=self.source,
            hub=self.hub,
            clock=clock,
        )
        self.runs = Runs(
            store=store,
            adapters=adapters,
            attempts=self.attempts,
            scheduler=self.scheduler,
            dispatcher=self.dispatcher,
            secrets=self.secrets,
            settings_for=self.source,
            locate=self.prober.locate,
            governor=self.governor,
            worktrees=self.worktrees,
            hub=self.hub,
            clock=clock,
        )
        self.line = Line(
            store=store,
            scheduler=self.scheduler,
            accounts=self.accounts,
            providers=tuple(adapters),
            hub=self.hub,
            clock=clock,
        )
        self.reconciler = Reconciler(
            store=store,
            adapters=adapters,
            attempts=self.attempts,
            dispatcher=self.dispatcher,
            scheduler=self.scheduler,
            clock=clock,
        )
        self.ending = Ending(attempts=self.attempts, scheduler=self.scheduler, hub=self.hub)

    async def start(self, tasks: TaskGroup) -> None:
        """Take up what a predecessor left, then schedule until cancelled."""
        await self.accounts.read()
        await self.reconciler.run(tasks)
        tasks.start_soon(self.worktrees.collect)
        tasks.start_soon(self.scheduler.run, tasks, self.dispatcher.admit)


async def _live(here: Places, address: Address, started_by_client: bool) -> None:
    """Open the record, take up the work, serve, say so, wait for the end, drain."""
    notifier, end, clock = Notifier.from_env(), drain.Drain(), SystemClock()
    policy = PolicyFile(here.policy)
    adapters = register(builtins())
    loaded = await SettingsSource(here, tuple(adapters)).read()
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
        server = Server(_handlers(engine, here, address, policy, end, clock), version=OURS, renderers=renderers)
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


def _handlers(
    engine: Engine, here: Places, address: Address, policy: PolicyFile, end: drain.Drain, clock: Clock
) -> Handlers:
    def notices() -> tuple[Fault, ...]:
        said = notice(policy.now())
        return (said,) if said else ()

    def stop() -> None:
        address.unpublish()  # before the answer: whoever has it must not find us any more
        end.begin()

    birth = DaemonFacts(
        version=OURS,
        pid=os.getpid(),
        started_at=time.time(),
        socket=address.path,
        home=here.state,
        supervised=supervisor(),
    )
    board = StatusBoard(
        birth=birth,
        notices=notices,
        runs=engine.runs,
        line=engine.line,
        scheduler=engine.scheduler,
        hub=engine.hub,
        clock=clock,
    )
    insight = handlers.Insight(board, OURS)
    runs, dispatch = handlers.Runs(engine.runs), handlers.Dispatch(engine.runs)
    policy_ = handlers.Policy(engine.governor, engine.runs)
    worktree = handlers.Worktree(engine.runs, engine.worktrees, Trust(here))
    check = handlers.Check(
        prober=engine.prober, adapters=engine.adapters, settings=engine.source, notices=notices, version=OURS
    )
    return Handlers(
        {PING: insight.ping, VERSION: insight.version, FACTS: insight.facts},
        {STATUS: insight.status, LIVE: insight.live},
        {SHOW: runs.show, WHY: runs.show, WATCH: runs.watch, ATTACH: runs.attach, WAIT: runs.wait},
        {CANCEL: runs.cancel, ANSWER: runs.answer, DISPATCH: dispatch, RETRY: dispatch.retry},
        {QUEUE: handlers.Queue(engine.line), POLICY: policy_.report, POLICY_TEST: policy_.test},
        {DIFF: worktree.diff, APPLY: worktree.apply, DISCARD: worktree.discard, TRUST: worktree.trust},
        {CHECK: check, SHUTDOWN: handlers.Shutdown(engine.ending, stop)},
    )


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
