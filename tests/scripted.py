"""A scripted agent: a real child process that does what its task says, and the adapter that understands it.

The task is the script, a line a step:

    say TEXT            a piece of the answer (`\\n` stands for a line end)
    message TEXT        a whole message
    tool NAME           a tool was used
    session ID          the session's id
    spend MODEL IN OUT [MICROS]  so many tokens of that model, at so much as the agent itself tells
    fault CODE [S]      the provider's complaint, to be retried after S seconds
    sleep S             wait
    until PATH          wait until PATH exists
    touch PATH          create PATH
    once PATH           end well here if PATH exists; else create it and go on
    note WORD PATH      append the word and the agent's name to a file
    sh COMMAND          run it in a shell, and say what it prints
    env NAME            say the value of a variable
    stdin               say how many bytes the task had
    child PATH          leave a child behind in its own session; its pid goes to PATH
    stubborn            ignore SIGTERM and SIGINT from here on
    flood LINES         that many lines of 1 KiB
    exit CODE           end now

It ends with the terminal event and exit 0, unless told otherwise.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from modelmuxd.adapters.base import Login, Package
from modelmuxd.domain.bill import Billing
from modelmuxd.domain.events import Delta, Event, Message, Notice, Started, Tool
from modelmuxd.domain.invocation import Exit, Invocation
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request
from modelmuxd.domain.usage import Usage
from muxwire.faults import Fault

AGENT = """#!%(python)s -SE
import os, signal, subprocess, sys, time

def emit(kind, value):
    import json
    print(json.dumps({kind: value}), flush=True)

%(first)s
script = sys.stdin.buffer.read()
for line in script.decode().splitlines():
    word, _, rest = line.partition(" ")
    if word in ("say", "message"):
        emit(word, rest.replace("\\\\n", "\\n"))
    elif word in ("tool", "session", "fault", "spend"):
        emit(word, rest)
    elif word == "sleep":
        time.sleep(float(rest))
    elif word == "until":
        while not os.path.exists(rest):
            time.sleep(0.005)
    elif word == "touch":
        open(rest, "w").close()
    elif word == "once":
        try:
            open(rest, "x").close()
        except FileExistsError:
            break
    elif word == "note":
        what, _, path = rest.partition(" ")
        with open(path, "ab", buffering=0) as file:
            file.write((what + " " + os.path.basename(sys.argv[0]) + "\\n").encode())
    elif word == "sh":
        ran = subprocess.run(["sh", "-c", rest], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        emit("say", ran.stdout.decode(errors="replace"))
    elif word == "env":
        emit("say", os.environ.get(rest, "<unset>"))
    elif word == "stdin":
        emit("say", str(len(script)))
    elif word == "child":
        child = subprocess.Popen(["sleep", "300"], start_new_session=True)
        with open(rest + ".new", "w") as file:
            file.write(str(child.pid))
        os.rename(rest + ".new", rest)
    elif word == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    elif word == "flood":
        for _ in range(int(rest)):
            emit("say", "x" * 1000)
    elif word == "exit":
        sys.exit(int(rest))
emit("done", True)
"""


def install(folder: Path, name: str, first: str = "") -> Path:
    """Puts the agent into `folder` as the program `name`; it does `first`, lines of Python, before its script."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(AGENT % {"python": os.path.realpath(sys.executable), "first": first})
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


class ScriptedReader:
    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._rest = b""
        self._done = False
        self._session = ""
        self._fault: Fault | None = None
        self._usage = Usage(input=3, output=2)
        self._cost: int | None = None

    def feed(self, data: bytes) -> list[Event]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [self._event(line) for line in lines if line]

    def _event(self, line: bytes) -> Event:
        ((kind, value),) = json.loads(line).items()
        match kind:
            case "say":
                return Delta(value)
            case "message":
                return Message(value)
            case "tool":
                return Tool(value, "completed")
            case "session":
                self._session = value
                return Started(value, "scripted-1")
            case "spend":
                model, into, out, *cost = value.split(" ")
                self._usage = Usage(input=int(into), output=int(out), model=model)
                self._cost = int(cost[0]) if cost else None
                return Notice("spent")
            case "fault":
                code, _, after = value.partition(" ")
                message = f"the script says {code}"
                self._fault = Fault(
                    code=code, message=message, provider=self._provider, retry_after=float(after) if after else None
                )
                return Notice(message)
            case _:
                self._done = True
                return Notice("done")

    def verdict(self, exit: Exit, stderr_tail: bytes) -> Outcome:
        return Outcome(
            fault=self._judge(exit, stderr_tail),
            session=self._session,
            model=self._usage.model,
            usage=self._usage,
            cost_micros=self._cost,
        )

    def _judge(self, exit: Exit, stderr_tail: bytes) -> Fault | None:
        for flag, code in (
            (exit.canceled, "canceled"),
            (exit.timed_out, "timeout"),
            (exit.output_limit, "output_limit"),
        ):
            if flag:
                return Fault(code=code, message=f"ended as {code}", provider=self._provider)
        if self._fault:
            return self._fault
        if exit.code == 0 and self._done:
            return None
        return Fault(code="crashed", message=f"exit {exit.code}: {stderr_tail.decode(errors='replace')[-200:]}")


class ScriptedAdapter:
    """One provider of the scripted kind; give it any name."""

    title: str = "Scripted agent"
    package: ClassVar[Package] = Package()
    scrub: ClassVar[tuple[str, ...]] = ("SCRUBBED",)
    login_files: ClassVar[tuple[str, ...]] = ()
    window = 0
    session_bound = False
    billing: Billing = "unknown"

    def __init__(self, name: str, *, env_names: tuple[str, ...] = (), first_byte_s: float = 30.0) -> None:
        self.first_byte_s = first_byte_s
        self.name = name
        self.program = name
        self.env_names = env_names

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        return Login("yes", "scripted", billing=self.billing)

    def prepare(self, request: Request) -> Invocation:
        return Invocation(
            argv=(request.program, *(["--session", request.session] if request.session else [])),
            stdin=request.task.encode(),
            env_names=self.env_names,
            enforced="permission",
        )

    def reader(self, request: Request) -> ScriptedReader:
        return ScriptedReader(self.name)
