"""The two pipes to an agent: lines of JSON, bounded in length and in number, and its silence too.

Threads put what comes into one queue: the agent's messages, its end, and the signal that we are to end. So its reader
is interrupted nowhere, and an agent that is faster than we are waits.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
from typing import IO, Any

Json = dict[str, Any]

MAX_LINE = 16 * 1024 * 1024
HELD = 8
"""Messages that wait to be read."""
STOPS = frozenset({signal.SIGTERM, signal.SIGINT})


class AgentError(Exception):
    """What the agent answered instead of a result, or how it went away."""

    def __init__(self, error: Json) -> None:
        super().__init__(error.get("message"))
        self.error = error


class Silent(AgentError):
    """The agent has said nothing for too long."""


class Canceled(Exception):
    """We are to end."""


class Pipe:
    """Takes over SIGTERM and SIGINT; to be made in the main thread, when the agent has been started: it would inherit
    the mask."""

    def __init__(self, agent: subprocess.Popen[bytes]) -> None:
        assert agent.stdin
        assert agent.stdout
        self._stdin, stdout = agent.stdin, agent.stdout
        self._came: queue.Queue[Json | Exception] = queue.Queue(HELD)
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        for work in (self._wait_for_signal, lambda: self._listen(stdout)):
            threading.Thread(target=work, daemon=True).start()

    def send(self, message: Json) -> None:
        """To an agent that has gone away it is lost; its end comes through the other pipe."""
        try:
            self._stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            self._stdin.flush()
        except OSError:
            return

    def next(self, seconds: float) -> Json:
        """The next message. Raises Silent when there is none for so long, AgentError when the agent has ended, and
        Canceled, once, when we are told to end."""
        try:
            came = self._came.get(timeout=max(0.0, seconds))
        except queue.Empty:
            raise Silent({"message": f"the agent has said nothing for {seconds:.0f} s"}) from None
        if isinstance(came, Exception):
            raise came
        return came

    def _wait_for_signal(self) -> None:
        signal.sigwait(STOPS)
        self._came.put(Canceled())

    def _listen(self, stdout: IO[bytes]) -> None:
        while line := stdout.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                self._came.put(AgentError({"message": f"the agent wrote a line of more than {MAX_LINE >> 20} MiB"}))
                return
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(message, dict):
                self._came.put(message)
        self._came.put(AgentError({"message": "the agent has ended"}))
