"""`muxctl policy check|show|test`: the policy in words."""

from __future__ import annotations

import json

from muxwire.policy import PolicyReport, PolicyVerdict
from muxwire.protocol import View
from muxwire.words import EXIT_REFUSED, EXIT_SUCCESS, EXIT_USAGE

from modelmuxd.edge.render import clean
from modelmuxd.edge.render.layout import paint, sheet
from modelmuxd.edge.render.plain import Answer, fault_text

_CALLS = {"max_calls_per_hour": "calls_last_hour", "max_calls_per_day": "calls_last_day"}


def reported(view: View) -> Answer:
    return Answer(view, report_text, lambda report: EXIT_USAGE if report.faults else EXIT_SUCCESS)


def judged(view: View) -> Answer:
    return Answer(view, verdict_text, lambda verdict: EXIT_SUCCESS if verdict.allowed else EXIT_REFUSED)


def report_text(report: PolicyReport, view: View) -> str:
    text = "".join(fault_text(fault, view) for fault in report.faults)
    if report.unknown:
        text += f"{paint('warning:', 'yellow', view)} nobody knows {clean.line(', '.join(report.unknown))}\n"
    if report.closed:
        return text + "Nothing is dispatched until the file is mended.\n"
    head = "What it said before holds" if report.faults else "In force"
    rows = [(key, _value(report, key, value)) for key, value in report.says.items()]
    body = sheet(rows, view) if rows else "It says nothing: everything is allowed.\n"
    return f"{text}{paint(f'{head}: {clean.line(report.where)}', 'dim', view)}\n{body}"


def _value(report: PolicyReport, key: str, value: object) -> str:
    said = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else json.dumps(value)
    return f"{said}, {getattr(report, _CALLS[key])} used" if key in _CALLS else said


def verdict_text(verdict: PolicyVerdict, view: View) -> str:
    if verdict.fault is not None:
        return f"Refused. {clean.line(verdict.fault.message)}\n"
    lines = [f"Allowed, for {verdict.timeout} s at most."]
    lines += [f"Not by {clean.line(name)}: {clean.line(why)}" for name, why in verdict.excluded.items()]
    return "\n".join(lines) + "\n"
