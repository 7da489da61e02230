"""Which handler answers which method."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from muxwire.faults import Fault
from muxwire.insight import DaemonFacts
from muxwire.methods import (
    ANSWER,
    APPLY,
    ATTACH,
    AUDIT,
    BENCHMARK,
    BROADCAST,
    BUDGET,
    CANCEL,
    CHECK,
    CLEAN,
    COLLABORATE,
    COSTS,
    DIFF,
    DISCARD,
    DISPATCH,
    ENV,
    EXPORT,
    FACTS,
    FEEDBACK,
    HISTORY,
    IMPORT,
    LIVE,
    MCP,
    PATTERNS,
    PING,
    POLICY,
    POLICY_TEST,
    QUEUE,
    RETRY,
    ROUTE,
    ROUTING,
    SESSIONS,
    SHOW,
    SHUTDOWN,
    SPACE,
    STATUS,
    TRUST,
    VERSION,
    WAIT,
    WATCH,
    WHY,
    WORKFLOW,
    WORKFLOWS,
    Method,
)
from muxwire.places import Places
from muxwire.version import VERSION as OURS

from modelmuxd.app.plugins import Plugins
from modelmuxd.app.rooms import Engine
from modelmuxd.edge import handlers
from modelmuxd.edge.table import Handler, Handlers
from modelmuxd.engine.clock import Clock
from modelmuxd.engine.status import StatusBoard
from modelmuxd.engine.trust import Trust
from modelmuxd.life import drain
from modelmuxd.life.policy_file import PolicyFile
from modelmuxd.life.socket import Address
from modelmuxd.life.supervision import supervisor
from modelmuxd.policy.state import notice


def handlers_of(
    engine: Engine, here: Places, address: Address, policy: PolicyFile, plugins: Plugins, end: drain.Drain, clock: Clock
) -> Handlers:
    def notices() -> tuple[Fault, ...]:
        said = notice(policy.now())
        return (*((said,) if said else ()), *plugins.faults)

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
        providers=tuple(engine.adapters),
    )
    board = StatusBoard(
        birth=birth,
        notices=notices,
        store=engine.store,
        live=engine.attempts.live,
        line=engine.line,
        scheduler=engine.scheduler,
        purses=engine.purses,
        hub=engine.hub,
        clock=clock,
    )
    insight = handlers.Insight(board, OURS)
    composites = handlers.Composites(engine.runs, engine.composites, engine.callers)
    runs, dispatch = handlers.Runs(engine.runs), handlers.Dispatch(engine.runs, engine.composites, engine.callers)
    policy_ = handlers.Policy(engine.permits, engine.runs)
    costs = handlers.Costs(engine.costs, engine.purses, engine.runs)
    worktree = handlers.Worktree(engine.runs, engine.worktrees, Trust(here))
    env = handlers.Env(engine.login.get, engine.login.refresh, lambda: engine.scheduler.recheck("environment"))
    check = handlers.Check(
        prober=engine.prober,
        adapters=engine.adapters,
        settings=engine.source,
        doctor=engine.doctor,
        callers=engine.callers,
        runs=engine.runs,
        notices=notices,
        version=OURS,
    )
    routing = handlers.Routing(engine.routes, engine.learned, engine.callers, engine.runs)
    retention = handlers.Retention(engine.retention, engine.runs)
    tables: tuple[Mapping[Method[Any, Any], Handler], ...] = (
        {PING: insight.ping, VERSION: insight.version, FACTS: insight.facts},
        {STATUS: insight.status, LIVE: insight.live},
        {SHOW: runs.show, WHY: runs.show, WATCH: runs.watch, ATTACH: runs.attach, WAIT: runs.wait},
        {CANCEL: runs.cancel, ANSWER: runs.answer, SESSIONS: runs.sessions, DISPATCH: dispatch, RETRY: dispatch.retry},
        {BROADCAST: composites.broadcast, COLLABORATE: composites.collaborate, PATTERNS: composites.patterns},
        {WORKFLOW: composites.workflow, WORKFLOWS: composites.workflows},
        {QUEUE: handlers.Queue(engine.line), POLICY: policy_.report, POLICY_TEST: policy_.test},
        {COSTS: costs.costs, BUDGET: costs.budget},
        {DIFF: worktree.diff, APPLY: worktree.apply, DISCARD: worktree.discard, TRUST: worktree.trust},
        {HISTORY: handlers.History(engine.history)},
        {FEEDBACK: handlers.Feedback(engine.feedback), BENCHMARK: handlers.Benchmark(engine.benchmark, engine.runs)},
        {ROUTE: routing.route, ROUTING: routing.learning},
        {CLEAN: retention.clean, SPACE: retention.space, IMPORT: handlers.Imports(engine.imports, engine.runs)},
        {EXPORT: handlers.Export(engine.history, clock), AUDIT: handlers.Audit(engine.audit)},
        {ENV: env, CHECK: check, SHUTDOWN: handlers.Shutdown(engine.ending, stop)},
    )
    return Handlers(*tables, {MCP: handlers.Mcp(Handlers(*tables, partial=True), engine.login.get, composites.outcome)})
