"""A scripted daemon on a real socket, and the real `muxctl` run against it as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
from modelmuxd.edge.calls import Call
from modelmuxd.edge.render import renderers
from modelmuxd.edge.server import Server
from modelmuxd.edge.table import Handlers
from muxwire import detail, events, insight, runs
from muxwire.history import HistoryResult
from muxwire.methods import METHODS
from muxwire.places import Places, places
from muxwire.version import VERSION

RUN = "01kak3zv5x8yq2m4n6p8r0s2t4"
RESULT = runs.RunResult(
    run_id=RUN,
    provider="codex",
    status="success",
    summary="done",
    output="all is\nwell 修 🎉",
    session_id="s-1",
    duration_seconds=3.2,
    token_usage=runs.TokenUsage(1000, 200, 1200),
    routed_from="auto",
    caller_excluded=None,
    model="gpt-x",
    cost=runs.Cost(0.0123, "table"),
)
LINE = insight.RunLine(
    run_id=RUN, state="running", provider="codex", task="mend it", created_at=900.0, started_at=910.0
)
FACTS = insight.DaemonFacts(version=VERSION, pid=7, started_at=100.0)
HISTORY = HistoryResult(count=0, entries=())
STATUS = insight.Status(at=1000.0, daemon=FACTS, running=(LINE,))
DETAIL = detail.RunDetail(
    result=RESULT, task="mend it", workdir="/w", origin=runs.Origin(), created_at=900.0, started_at=910.0
)
CHECK = insight.Check(
    version=VERSION,
    providers={},
    available_count=0,
    active_profile="default",
    profiles=(),
    routing_rules=0,
    age_seconds=0.0,
)
STREAM: tuple[Any, ...] = (
    events.StateChanged("running", run_id=RUN, seq=1),
    events.Text(1, "all is\nwell 修 🎉", seq=2),
)


class Daemon:
    """What was asked of it, in order, and what it answers; `answers` may hold a value, or a handler."""

    def __init__(self, home: str, version: str) -> None:
        self.places: Places = places({"MODELMUX_HOME": home})
        self.version = version
        self.asked: list[tuple[str, Any, Any]] = []
        self.answers: dict[str, Any] = {
            "version": insight.Version(version, 1, 7, "3.11.7"),
            "check": CHECK,
            "facts": FACTS,
            "status": STATUS,
            "history": HISTORY,
            "live": STATUS,
            "dispatch": RESULT,
            "attach": RESULT,
            "retry": RESULT,
            "show": DETAIL,
            "watch": RESULT,
            "wait": runs.WaitResult((RESULT,)),
            "cancel": runs.CancelResult((RESULT,)),
        }
        self.events: dict[str, tuple[Any, ...]] = dict.fromkeys(("dispatch", "attach", "retry", "watch"), STREAM)

    async def handle(self, params: Any, call: Call) -> Any:
        self.asked.append((call.method, params, call.view))
        answer = self.answers[call.method]
        if callable(answer):
            return await answer(params, call)
        for event in self.events.get(call.method, ()):
            await call.event(event)
        return answer

    async def serve(self, ready: Callable[[anyio.CancelScope], None]) -> None:
        handlers = Handlers({METHODS[name]: self.handle for name in self.answers}, partial=True)
        server = Server(handlers, version=self.version, renderers=renderers)
        listener = await anyio.create_unix_listener(self.places.socket)
        async with listener, anyio.create_task_group() as tasks:
            await tasks.start(_serve, server, listener)
            ready(tasks.cancel_scope)


async def _serve(server: Server, listener: Any, *, task_status: Any) -> None:
    await server.serve(listener, task_status=task_status)


@contextmanager
def daemon(*, version: str = VERSION) -> Iterator[Daemon]:
    """A daemon in a thread of this process, in its own home, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="mux") as home:  # pytest's own paths can be too long for a socket
        stand_in = Daemon(home, version)
        for folder in (stand_in.places.runtime, stand_in.places.state, stand_in.places.config):
            Path(folder).mkdir(mode=0o700, parents=True)
        scopes: list[anyio.CancelScope] = []
        up = threading.Event()

        def ready(scope: anyio.CancelScope) -> None:
            scopes.append(scope)
            up.set()

        tokens: list[Any] = []

        async def main() -> None:
            tokens.append(anyio.lowlevel.current_token())
            await stand_in.serve(ready)

        thread = threading.Thread(target=anyio.run, args=(main,))
        thread.start()
        assert up.wait(20)
        try:
            yield stand_in
        finally:
            anyio.from_thread.run_sync(scopes[0].cancel, token=tokens[0])
            thread.join(20)


def environment(stage: Daemon, **more: str) -> dict[str, str]:
    """A small environment for a client of that daemon."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "MODELMUX_HOME": str(Path(stage.places.state).parent), "LANG": "C.UTF-8", **more}


def script(name: str = "muxctl") -> str:
    """The installed script beside this interpreter."""
    return str(Path(sys.executable).parent / name)


def muxctl(
    stage: Daemon, *words: str | bytes, stdin: bytes = b"", env: dict[str, str] | None = None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [script(), *words],
        input=stdin,
        capture_output=True,
        env=environment(stage, **(env or {})),
        timeout=40,
        check=False,
        **more,
    )
