"""A daemon that is stopped for a while, as a debugger or a freezer does: nothing is lost, nobody gives up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest
from muxclients.demo.stage import MUXCTL
from torture.world import CEILING, Crowd, until, world

SECONDS = float(os.environ.get("MODELMUX_TORTURE_STOP", "3"))
"""The long form is 30."""

pytestmark = [pytest.mark.torture, pytest.mark.timeout(90 + SECONDS)]


def test_agents_and_clients_wait_for_it() -> None:
    with world(pause='while [ ! -e "$HOME/go" ]; do sleep 0.05; done') as here:
        for number in range(4):
            here.insist(f"early-{number}", "--timeout", str(int(SECONDS) + 120))
        until(lambda: len(here.journal()[0]) == 4, "four agents")
        daemon = here.the_daemon()
        argv = [sys.executable, "-c", MUXCTL, "wait", "--json", *here.accepted.values()]
        waiting = subprocess.Popen(argv, env=here.env, cwd=here.project, stdout=subprocess.PIPE)
        until(lambda: daemon.num_fds() > 0 and waiting.poll() is None, "a client that waits")
        daemon.send_signal(signal.SIGSTOP)
        open(f"{here.home}/go", "w").close()
        until(lambda: len(here.journal()[1]) == 4, "the end of the agents, which need no daemon")
        threading.Event().wait(SECONDS)  # the length of the stop is what is tested
        daemon.send_signal(signal.SIGCONT)
        assert waiting.wait(CEILING) == 0
        assert waiting.stdout is not None
        assert waiting.stdout.read().count(b'"status":"success"') == 4
        waiting.stdout.close()
        assert here.daemons() == [daemon]
        here.check_record()
        here.check_nothing_is_left()


def test_clients_submit_meanwhile() -> None:
    with world() as here:
        with Crowd(here, 4) as crowd:
            daemon = here.the_daemon()
            daemon.send_signal(signal.SIGSTOP)
            crowd.pass_time(SECONDS)
            daemon.send_signal(signal.SIGCONT)
            before = len(here.accepted)
            until(lambda: len(here.accepted) > before + 4, "clients that go on")
        states = here.ended()
        here.check_record()
        here.check_nothing_is_left()
        print(f"stopped for {SECONDS:.0f} s: {len(here.accepted)} tasks ({dict(states)}), none lost")
        assert set(states) == {"success"}
