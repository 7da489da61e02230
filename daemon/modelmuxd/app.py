"""The composition root: the only place that constructs.

`run` is the daemon from its first breath to its exit code. What is taken before the event loop runs (the claim, the
socket) may wait for a predecessor that is just ending; from then on nothing blocks.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
import time

import anyio
from muxwire.faults import CONFIG, FaultError
from muxwire.folders import private_folder
from muxwire.insight import DaemonFacts, Nothing, Pong, ShutdownParams, ShutdownResult, Version
from muxwire.methods import FACTS, PING, SHUTDOWN, VERSION
from muxwire.places import Places, places
from muxwire.protocol import PROTOCOL
from muxwire.version import VERSION as OURS
from muxwire.words import EXIT_BUSY, EXIT_CONFIG, EXIT_FAILED, EXIT_SUCCESS

from modelmuxd.edge.calls import Call
from modelmuxd.edge.server import Server
from modelmuxd.edge.table import Handlers
from modelmuxd.life import drain, idle, logs
from modelmuxd.life.claim import Busy, claim
from modelmuxd.life.socket import Published, publish
from modelmuxd.life.supervision import Notifier, supervisor

log = logging.getLogger(__name__)


def run(*, started_by_client: bool = False) -> int:
    """Be the daemon until somebody ends it; the process's exit code. A failed start is one line on stderr."""
    try:
        here = places()
        drain.clean_signals()
        os.chdir("/")  # no folder is kept busy by us
        private_folder(here.state)
        held = claim(here.daemon_lock)
        logs.set_up(here.log)
        drain.hold_signals()
        published = publish(here)
    except Busy as busy:
        return _failed(f"{busy}", EXIT_BUSY)
    except FaultError as error:
        fault = error.fault
        return _failed(f"{fault.message} {fault.hint}", EXIT_CONFIG if fault.code == CONFIG else EXIT_FAILED)
    except OSError as error:
        return _failed(f"{error.filename or here.state}: {error.strerror or error}", EXIT_FAILED)
    log.info("Started", extra={"action": "start", "version": OURS, "socket": published.path})
    anyio.run(_live, here, published, started_by_client)
    log.info("Ended", extra={"action": "end"})
    held.release()
    return EXIT_SUCCESS


def _failed(message: str, code: int) -> int:
    sys.stderr.write(f"modelmuxd: {message}\n")
    return code


async def _live(here: Places, published: Published, started_by_client: bool) -> None:
    """Serve, say so, wait for the end, drain."""
    notifier = Notifier.from_env()
    end = drain.Drain()
    server = Server(_handlers(here, published, end), version=OURS)
    async with await published.listener() as listener, anyio.create_task_group() as tasks:
        await tasks.start(drain.watch_signals, end)
        served = anyio.Event()
        tasks.start_soon(_serve, server, listener, served)
        tasks.start_soon(notifier.watchdog)
        tasks.start_soon(published.keep_fresh)
        if started_by_client:
            tasks.start_soon(_end_when_idle, server, end)
        notifier.ready(f"answers at {published.path}")
        await end.begun()
        published.unpublish()
        notifier.stopping("answers what is in flight")
        server.drain()
        await end.finish(served.wait)
        tasks.cancel_scope.cancel()


async def _serve(server: Server, listener: anyio.abc.SocketListener, served: anyio.Event) -> None:
    await server.serve(listener)
    served.set()


async def _end_when_idle(server: Server, end: drain.Drain) -> None:
    await idle.until_idle(lambda: idle.Activity(server.connections, 0, server.quiet_since))
    log.info("Nobody has needed the daemon for a while", extra={"action": "idle"})
    end.begin()


def _handlers(here: Places, published: Published, end: drain.Drain) -> Handlers:
    birth = DaemonFacts(
        version=OURS,
        pid=os.getpid(),
        started_at=time.time(),
        socket=published.path,
        home=here.state,
        supervised=supervisor(),
    )

    def ping(params: Nothing, call: Call) -> Pong:
        return Pong(pid=os.getpid())

    def version(params: Nothing, call: Call) -> Version:
        return Version(version=OURS, protocol=PROTOCOL, pid=os.getpid(), python=platform.python_version())

    def facts(params: Nothing, call: Call) -> DaemonFacts:
        return birth

    def shutdown(params: ShutdownParams, call: Call) -> ShutdownResult:
        published.unpublish()  # before the answer: whoever has it must not find us any more
        end.begin()
        return ShutdownResult(pid=os.getpid(), running=0)

    return Handlers({PING: ping, VERSION: version, FACTS: facts, SHUTDOWN: shutdown}, partial=True)
