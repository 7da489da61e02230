"""`muxctl daemon start|stop|restart|status|run|logs`."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, cast

import click
from muxwire.places import SYSTEMD_SERVICE, places
from muxwire.words import EXIT_CANCELED, EXIT_SUCCESS, EXIT_UNREACHABLE

if TYPE_CHECKING:
    from muxwire.insight import DaemonFacts
    from muxwire.retention import Space

    from muxclients.link.stop import Mode, Running

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def stop_options(command: Any) -> Any:
    """What becomes of the agents that run; the three exclude each other."""
    for mode, words in (
        ("kill", "End the agents, too: nothing is left running."),
        ("leave", "Leave the agents running; the next daemon picks them up."),
        ("drain", "Take no new work and wait until the agents have ended."),
    ):
        command = click.option(f"--{mode}", "mode", flag_value=mode, help=words)(command)
    return command


@click.group("daemon", help="Start, stop and look at the daemon. Commands start it by themselves when they need it.")
def daemon() -> None:
    pass


@daemon.command("start", help="Start the daemon when none runs.")
@json_option
def start(as_json: bool) -> int:
    from muxclients.link.stop import Running

    already = Running.find(places())
    facts = _reached()
    started = already is None or already.process.pid != facts.pid
    words = "The daemon runs" if started else "The daemon runs already"
    _say(as_json, f"{words} (pid {facts.pid}).", running=True, started=started, pid=facts.pid, socket=facts.socket)
    return EXIT_SUCCESS


@daemon.command("stop", help="End the daemon. Asks what becomes of running agents, on a terminal; else leaves them.")
@stop_options
@json_option
def stop(mode: Mode | None, as_json: bool) -> int:
    from muxclients.link.stop import Running

    running = Running.find(places())
    if running is None:
        _say(as_json, "No daemon runs.", running=False, stopped=False)
        return EXIT_SUCCESS
    if mode is None and (mode := _asked(running, as_json=as_json)) is None:
        return EXIT_CANCELED
    stopped = running.stop(mode, lambda left: _waiting(left, as_json=as_json))
    _say(as_json, _ended(stopped.pid, mode, stopped.agents), running=False, stopped=True, **_fields(stopped))
    return EXIT_SUCCESS


@daemon.command("restart", help="End the daemon and start it again; agents go on unless you say otherwise.")
@stop_options
@json_option
def restart(mode: Mode | None, as_json: bool) -> int:
    from muxclients.link.stop import Running

    running = Running.find(places())
    if running is not None:
        running.stop(mode or "leave", lambda left: _waiting(left, as_json=as_json))
    facts = _reached()
    old = running.process.pid if running else None
    _say(as_json, f"The daemon runs (pid {facts.pid}).", running=True, pid=facts.pid, old_pid=old, socket=facts.socket)
    return EXIT_SUCCESS


@daemon.command("status", help="Show the daemon's facts; exit code 5 when none runs.")
@json_option
def status(as_json: bool) -> int:
    from muxclients.link.stop import Running

    running = Running.find(places())
    if running is None:
        _say(as_json, "No daemon runs. The next command that needs one starts it.", running=False)
        return EXIT_UNREACHABLE
    facts, space = running.facts(), _space()
    if as_json:
        import msgspec

        fields = {**msgspec.to_builtins(facts), "space": msgspec.to_builtins(space)}
        # `running` says in every answer here whether a daemon runs; the agents' count goes by its own name.
        _say(True, "", **{**fields, "agents": fields.pop("running", 0), "running": True})
    else:
        _say(False, "\n".join([*_lines(facts), _taken(space)] if space else _lines(facts)))
    return EXIT_SUCCESS


@daemon.command("run", help="Be the daemon, in this terminal; ^C ends it and leaves the agents running.")
@json_option
def run(as_json: bool) -> int:
    if as_json:
        _say(True, "", pid=os.getpid(), socket=places().socket)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "modelmuxd"])  # noqa: S606 - no shell is what is wanted


@daemon.command("logs", help="Show the daemon's log, wherever it goes.")
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are added.")
@json_option
def logs(follow: bool, as_json: bool) -> int:
    """Under systemd the journal has it; every other daemon writes the file that `muxctl logs --daemon` shows."""
    from muxclients.cli.logs import run as show
    from muxclients.link.manager import installed

    if sys.platform == "linux" and installed():
        more = (["-f"] if follow else []) + (["-o", "json"] if as_json else [])
        words = ["journalctl", "--user", "-u", SYSTEMD_SERVICE, *more]
        os.execvp(words[0], words)  # noqa: S606 - no shell is what is wanted
    return show(json=as_json, daemon=True, run_id=None, follow=follow)


def _reached() -> DaemonFacts:
    """The facts of the daemon that clients get, started when there is none."""
    from muxwire.insight import Nothing
    from muxwire.methods import FACTS

    from muxclients.link.reach import reach

    with reach("cli") as client:
        return client.call(FACTS, Nothing(), timeout=10)


def _asked(running: Running, *, as_json: bool) -> Mode | None:
    """What the user wants to become of the agents; None to stay as things are."""
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return "leave"
    agents = running.facts().running
    if not agents:
        return "leave"
    choices = click.Choice(["drain", "leave", "kill", "cancel"])
    question = f"{_count(agents)} running: wait for them, leave them to the next daemon, end them, or stay?"
    answer = click.prompt(question, type=choices, default="leave", err=True)
    return None if answer == "cancel" else cast("Mode", answer)


def _waiting(left: int, *, as_json: bool) -> None:
    if left and not as_json:
        print(f"waiting for {_count(left)}", file=sys.stderr)


def _ended(pid: int, mode: Mode, agents: int) -> str:
    fate = {"leave": "left running for the next daemon", "drain": "waited for", "kill": "ended with it"}[mode]
    return f"The daemon (pid {pid}) has ended" + (f"; {_count(agents)} {fate}." if agents else ".")


def _count(agents: int) -> str:
    return "1 agent" if agents == 1 else f"{agents} agents"


def _fields(stopped: Any) -> dict[str, Any]:
    import msgspec

    return cast("dict[str, Any]", msgspec.to_builtins(stopped))


def _lines(facts: DaemonFacts) -> list[str]:
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(facts.started_at))
    owner = f", owned by {facts.supervised}" if facts.supervised else ""
    memory = f", {facts.rss_bytes / 2**20:.0f} MiB" if facts.rss_bytes else ""
    lines = [
        f"modelmuxd {facts.version}, pid {facts.pid}, {facts.state} since {since}{owner}{memory}",
        f"{_count(facts.running)} running, {facts.waiting} waiting",
        f"socket {facts.socket}",
        f"state  {facts.home}",
    ]
    return lines + [f"notice: {notice.message} {notice.hint}".rstrip() for notice in facts.notices]


def _space() -> Space | None:
    """None for a daemon that is older, or does not answer."""
    from muxwire.faults import FaultError
    from muxwire.methods import SPACE

    from muxclients.cli.running import ask

    try:
        return ask(SPACE)
    except FaultError:
        return None


def _taken(space: Space) -> str:
    parts = (
        f"{_size(space.database)} record ({_size(space.reusable)} free in it)",
        f"{_size(space.spool)} outputs",
        f"{_size(space.worktrees)} worktrees",
        f"{_size(space.logs)} logs",
    )
    return f"space  {', '.join(parts)}; {_size(space.free)} free on the disk"


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count < 2**30 else f"{count / 2**30:.1f} GiB"


def _say(as_json: bool, words: str, **fields: Any) -> None:
    if as_json:
        import json

        words = json.dumps(fields, ensure_ascii=False)
    print(words)
