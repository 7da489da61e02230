"""The rooms behind the edge, joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from anyio.abc import TaskGroup
from muxwire.places import Places
from muxwire.settings import Settings
from muxwire.version import VERSION as OURS

from modelmuxd.adapters.base import Adapter
from modelmuxd.engine.accounts import Accounts
from modelmuxd.engine.admission import Admission
from modelmuxd.engine.attempts import Attempts
from modelmuxd.engine.audit import Audit
from modelmuxd.engine.benchmark.benchmark import Benchmark
from modelmuxd.engine.budgets import Purses
from modelmuxd.engine.callers import Callers
from modelmuxd.engine.check import Prober
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.composites.composites import Composites
from modelmuxd.engine.composites.conductor import Conductor
from modelmuxd.engine.composites.reading import Reading
from modelmuxd.engine.costs import Costs
from modelmuxd.engine.diagnose import Doctor
from modelmuxd.engine.dispatcher import Dispatcher
from modelmuxd.engine.ending import Ending
from modelmuxd.engine.environment import Environments, Secrets
from modelmuxd.engine.feedback import Feedback
from modelmuxd.engine.governor import Governor
from modelmuxd.engine.history import History
from modelmuxd.engine.hub import Hub
from modelmuxd.engine.imports.imports import Imports
from modelmuxd.engine.inbox import Inbox
from modelmuxd.engine.isolation import Isolation
from modelmuxd.engine.learned import Learned
from modelmuxd.engine.line import Line
from modelmuxd.engine.needs import Needs
from modelmuxd.engine.notices import Notices
from modelmuxd.engine.permits import Permits
from modelmuxd.engine.plan import Planner
from modelmuxd.engine.reconcile import Reconciler
from modelmuxd.engine.retention import Retention
from modelmuxd.engine.route import Routes
from modelmuxd.engine.runs import Runs
from modelmuxd.engine.scheduler import Scheduler
from modelmuxd.engine.task_settings import SettingsSource
from modelmuxd.engine.verify import Verifier
from modelmuxd.engine.worktrees import Worktrees
from modelmuxd.life.login_env import LoginEnvironment
from modelmuxd.policy.state import PolicyState
from modelmuxd.runner.interface import Runner
from modelmuxd.store.interface import TaskStore


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
        self.store = store
        self.adapters = adapters
        self.login = login
        self.hub = Hub()
        inbox = Inbox()
        self.secrets = Secrets()
        self.source = SettingsSource(here, adapters)
        self.prober = Prober(adapters, here.check_cache, version=OURS)
        self.scheduler = Scheduler(store=store, hub=self.hub, inbox=inbox, clock=clock, limits=settings.limits)
        self.accounts = Accounts(store)
        self.callers = Callers(store, self.source)
        self.governor = Governor(policy, settings.limits, tuple(adapters))
        self.permits = Permits(store=store, governor=self.governor, settings_for=self.source, clock=clock)
        self.learned = Learned(store)
        self.purses = Purses(store, self.source, clock)
        planner = Planner(
            self.prober.locate,
            self.governor.excluded,
            self.purses.too_dear,
            self.learned.now,
            settings.limits.on_timeout,
        )
        self.worktrees = Worktrees(store=store, settings_for=self.source, clock=clock, folder=here.worktrees)
        verifier = Verifier(runner=runner, clock=clock, spool=Path(here.spool))
        self.attempts = Attempts(
            store=store, runner=runner, secrets=self.secrets, hub=self.hub, clock=clock, spool=Path(here.spool)
        )
        self.costs = Costs(store, self.source, clock)
        self.admission = Admission(
            store=store,
            planner=planner,
            governor=self.governor,
            slots=self.scheduler.slots,
            accounts=self.accounts,
            environments=Environments(self.secrets, login.get),
            settings_for=self.source,
            purses=self.purses,
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
            inbox=inbox,
            purses=self.purses,
            clock=clock,
        )
        needs = Needs(self.source, self.prober.locate)
        reading = Reading(self.attempts, self.worktrees)
        self.conductor = Conductor(
            store=store,
            reading=reading,
            worktrees=self.worktrees,
            dispatcher=self.dispatcher,
            scheduler=self.scheduler,
            governor=self.governor,
            needs=needs,
            secrets=self.secrets,
            inbox=inbox,
            hub=self.hub,
            clock=clock,
        )
        self.runs = Runs(
            store=store,
            adapters=adapters,
            attempts=self.attempts,
            scheduler=self.scheduler,
            dispatcher=self.dispatcher,
            conductor=self.conductor,
            secrets=self.secrets,
            settings_for=self.source,
            needs=needs,
            governor=self.governor,
            worktrees=self.worktrees,
            hub=self.hub,
            clock=clock,
        )
        self.composites = Composites(
            runs=self.runs,
            reading=reading,
            settings_for=self.source,
            locate=self.prober.locate,
            governor=self.governor,
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
        self.feedback = Feedback(store, clock)
        self.history = History(store, clock)
        self.benchmark = Benchmark(
            runs=self.runs,
            store=store,
            settings_for=self.source,
            locate=self.prober.locate,
            governor=self.governor,
            limits=settings.limits,
            folder=f"{here.state}/benchmark",
        )
        self.audit = Audit(store, clock)
        self.imports = Imports(store, here)
        self.doctor = Doctor(store, self.line)
        self.reconciler = Reconciler(
            store=store,
            adapters=adapters,
            attempts=self.attempts,
            dispatcher=self.dispatcher,
            scheduler=self.scheduler,
            settings_for=self.source,
            clock=clock,
        )
        self.notices = Notices(store=store, settings_for=self.source, login_env=login.get, hub=self.hub, clock=clock)
        self.routes = Routes(planner, self.source, clock)
        self.retention = Retention(store=store, source=self.source, here=here, clock=clock)
        self.ending = Ending(attempts=self.attempts, scheduler=self.scheduler, hub=self.hub)

    async def start(self, tasks: TaskGroup) -> None:
        """Take up what a predecessor left, then schedule until cancelled."""
        await self.accounts.read()
        await self.reconciler.run(tasks)
        await self.conductor.start(tasks)
        tasks.start_soon(self.worktrees.collect)
        tasks.start_soon(self.notices.run)
        tasks.start_soon(self.retention.run)
        tasks.start_soon(self.scheduler.run, tasks, self.dispatcher.admit)
