"""`muxctl check`: one line per provider, and below each that cannot be used the command that mends it."""

from __future__ import annotations

import time

from muxwire.faults import Fault
from muxwire.insight import Caller, Check, ProviderCheck
from muxwire.protocol import View
from muxwire.words import EXIT_NO_PROVIDER, EXIT_SUCCESS

from modelmuxd.edge.render import clean, human
from modelmuxd.edge.render.base import Rendered
from modelmuxd.edge.render.layout import paint, table
from modelmuxd.edge.render.plain import Answer, fault_text
from modelmuxd.edge.render.queue import standing

_DROP = (3,)
"""On a narrow terminal the path goes first."""


def start(view: View) -> Rendered:
    return Answer(view, check_text, exit_code)


def exit_code(check: Check) -> int:
    """0 when at least one provider can be used."""
    return EXIT_SUCCESS if check.available_count else EXIT_NO_PROVIDER


def check_text(check: Check, view: View) -> str:
    """The providers, those that can be used first; then what mends the others; then the settings in a line."""
    providers = sorted(check.providers.items(), key=lambda pair: not pair[1].available)
    rows = [_row(name, provider) for name, provider in providers]
    styles = [("green" if one.available else "red", "bold", "", "dim", "") for _, one in providers]
    notices = "".join(fault_text(notice, view) for notice in check.notices)
    return (
        notices
        + table(rows, view, styles=styles, drop=_DROP)
        + _diagnosis(check, view)
        + _mending(check, view)
        + _footer(check, view)
    )


def _row(name: str, provider: ProviderCheck) -> tuple[str, str, str, str, str]:
    mark = "✓" if provider.available else "✗"
    return mark, name, _version(provider), provider.path or human.UNKNOWN, _standing(provider)


def _version(provider: ProviderCheck) -> str:
    """The version, and the one that this program was tried with where it is another."""
    if not provider.version:
        return human.UNKNOWN
    tested = provider.version_tested
    return provider.version if tested in ("", provider.version) else f"{provider.version} (tested: {tested})"


def _standing(provider: ProviderCheck) -> str:
    """How we know that somebody is logged in, or why it cannot be used."""
    if provider.fault is not None:
        return provider.fault.message
    words = {"yes": "logged in", "no": "not logged in", "unknown": "login unknown"}[provider.login]
    return f"{words}: {provider.login_how}" if provider.login_how else words


def _diagnosis(check: Check, view: View) -> str:
    """A paragraph for each provider that was looked at closely."""
    told = ""
    for name, provider in check.providers.items():
        if (found := provider.diagnosis) is None:
            continue
        words = " · ".join(f"{word}: {how.partition(':')[0]}" for word, how in found.sandboxes.items())
        told += f"\n{paint(clean.line(name), 'bold', view)}\n"
        if found.searched:
            told += f"  PATH      {clean.line(found.searched)}\n"
        told += f"  sandbox   {clean.line(words)}\n"
        account = standing(found.account, time.time()) if found.account else ""
        told += f"  account   {clean.line(account) or 'ready'}\n"
        told += f"  last runs {clean.line(', '.join(found.last)) or 'none yet'}\n"
        told += "".join(_finding(one, view) for one in found.findings)
    return told


def _finding(found: Fault, view: View) -> str:
    mend = f" {paint('→', 'dim', view)} {clean.line(found.hint)}" if found.hint else ""
    return f"  {paint('finding', 'yellow', view)}   {clean.line(found.message)}{mend}\n"


def _mending(check: Check, view: View) -> str:
    lines = [
        f"  {paint('→', 'dim', view)} {clean.line(name)}: {clean.line(provider.fault.hint)}\n"
        for name, provider in check.providers.items()
        if provider.fault is not None and provider.fault.hint
    ]
    return "".join(["\n", *lines]) if lines else ""


def _caller(caller: Caller) -> str:
    left_out = ", left out of auto" if caller.excluded else ""
    return clean.line(f"called by {caller.provider}{left_out}: {caller.text}")


def _footer(check: Check, view: View) -> str:
    aged = check.age_seconds >= 5
    facts = (
        f"{check.available_count} of {len(check.providers)} usable",
        f"looked {human.seconds(check.age_seconds)} ago, nothing changed" if aged else "looked just now",
        f"profile {clean.line(check.active_profile)}",
        f"{check.routing_rules} routing rules",
        *((_caller(check.caller),) if check.caller else ()),
    )
    return f"\n{paint(' · '.join(facts), 'dim', view)}\n"
