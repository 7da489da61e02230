"""The policy's two phases: what can be decided before a provider is known, and what each candidate must pass. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec
from muxwire.faults import POLICY, Fault
from muxwire.words import Sandbox

from modelmuxd.policy.rules import Policy

SEE = "See `muxctl policy show`."
HOUR, DAY = 3600, 86400


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What of a request the first phase looks at."""

    provider: str
    """`auto`, or the one that was named."""
    model: str
    sandbox: Sandbox
    workdir: str
    """Real path."""
    timeout: int | None
    """Seconds; None when nobody said so."""
    depth: int = 0


class Window(msgspec.Struct, frozen=True):
    """At most so many attempts within any so many seconds."""

    key: str
    seconds: float
    most: int


def refused(policy: Policy, asked: Asked) -> Fault | None:
    """Why the request is refused whoever might take it. What was said in so many words is never bent to fit."""
    said = (
        _provider(policy, asked.provider) if asked.provider != "auto" else "",
        _model(policy, asked.model) if asked.model else "",
        _sandbox(policy, asked.sandbox),
        _workdir(policy, asked.workdir),
        _timeout(policy, asked.timeout),
        _depth(policy, asked.depth),
    )
    return next((Fault(POLICY, text, SEE) for text in said if text), None)


def timeout(policy: Policy, asked: int | None, usual: int) -> int:
    """Seconds that a run may take: what was asked, or what is usual as far as the policy goes."""
    if asked is not None:
        return asked
    return min(usual, policy.max_timeout) if policy.max_timeout else usual


def excluded(policy: Policy, provider: str, model: str) -> str:
    """Why a candidate is out; empty when it is not. Where models are limited, one must be known."""
    if why := _provider(policy, provider):
        return why
    if not model and (policy.allowed_models or policy.blocked_models):
        return f"Policy limits models, and which one {provider} would take is not known: name one with -m."
    return _model(policy, model)


def windows(policy: Policy) -> tuple[Window, ...]:
    """What is counted when an attempt is claimed."""
    hourly = Window("max_calls_per_hour", HOUR, policy.max_calls_per_hour)
    daily = Window("max_calls_per_day", DAY, policy.max_calls_per_day)
    return tuple(window for window in (hourly, daily) if window.most)


def _provider(policy: Policy, name: str) -> str:
    if _among(name, policy.blocked_providers):
        return f"Policy blocks the provider {name} (blocked_providers)."
    if policy.allowed_providers and not _among(name, policy.allowed_providers):
        return f"Policy does not allow the provider {name} (allowed_providers: {', '.join(policy.allowed_providers)})."
    return ""


def _model(policy: Policy, name: str) -> str:
    if _matches(name, policy.blocked_models):
        return f"Policy blocks the model {name} (blocked_models)."
    if policy.allowed_models and not _matches(name, policy.allowed_models):
        return f"Policy does not allow the model {name} (allowed_models: {', '.join(policy.allowed_models)})."
    return ""


def _sandbox(policy: Policy, word: Sandbox) -> str:
    return f"Policy blocks the sandbox {word} (blocked_sandboxes)." if word in policy.blocked_sandboxes else ""


def _workdir(policy: Policy, folder: str) -> str:
    roots = policy.allowed_workdirs
    if not roots or any(f"{folder}/".startswith(root.rstrip("/") + "/") for root in roots):
        return ""
    return f"Policy does not allow work in {folder} (allowed_workdirs: {', '.join(roots)})."


def _timeout(policy: Policy, seconds: int | None) -> str:
    if not policy.max_timeout or seconds is None or seconds <= policy.max_timeout:
        return ""
    return f"Policy allows {policy.max_timeout} s at most, and {seconds} were asked (max_timeout)."


def _depth(policy: Policy, depth: int) -> str:
    if not policy.max_depth or depth <= policy.max_depth:
        return ""
    return f"Policy allows {policy.max_depth} runs above a run, and this one has {depth} (max_depth)."


def _among(name: str, names: tuple[str, ...]) -> bool:
    return name.casefold() in {one.casefold() for one in names}


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name.casefold(), _literal(pattern.casefold())) for pattern in patterns)


def _literal(pattern: str) -> str:
    """Only `*` means something."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
