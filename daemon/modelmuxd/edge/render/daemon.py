"""The daemon about itself: `version`, `daemon status`, `daemon stop`."""

from __future__ import annotations

from muxwire.insight import DaemonFacts, LoginEnv, Pong, ShutdownResult, Version
from muxwire.protocol import View

from modelmuxd.edge.render import human
from modelmuxd.edge.render.layout import sheet
from modelmuxd.edge.render.plain import fault_text


def ping_text(pong: Pong, _view: View) -> str:
    return f"modelmuxd {pong.pid} answers\n"


def version_text(version: Version, _view: View) -> str:
    """For a client of our own version: another makes its own of it."""
    python = version.python.split()[0]
    daemon = f"daemon {version.version}, pid {version.pid}, protocol {version.protocol}, Python {python}"
    return f"modelmux {version.version} ({daemon})\n"


def facts_text(facts: DaemonFacts, view: View) -> str:
    rows = [
        ("modelmuxd", f"{facts.version}, pid {facts.pid}, {facts.state}"),
        ("started", f"{human.moment(facts.started_at)} by {facts.supervised or 'a client'}"),
        ("runs", f"{facts.running} running, {facts.waiting} waiting"),
        ("memory", human.size(facts.rss_bytes)),
        ("socket", facts.socket),
        ("state", facts.home),
    ]
    return sheet(rows, view) + "".join(fault_text(notice, view) for notice in facts.notices)


def shutdown_text(result: ShutdownResult, _view: View) -> str:
    agents = f"; {result.running} agents were running" if result.running else ""
    return f"modelmuxd {result.pid} ends{agents}\n"


def env_text(env: LoginEnv, view: View) -> str:
    """Names, a kind a line; of values only PATH's."""
    rows = [
        ("PATH", env.path or human.UNKNOWN),
        ("every run gets", ", ".join(env.base) or "nothing"),
        ("only who needs them", ", ".join(env.others) or "nothing"),
    ]
    return sheet(rows, view)
