"""What the providers' faults share: HTTP statuses, exit facts, and the way from trouble to a fault."""

from __future__ import annotations

import re

import msgspec
from muxwire.faults import Fault
from muxwire.words import FaultKind

from modelmuxd.adapters.redact import plain
from modelmuxd.adapters.waits import NO_WAIT, Wait
from modelmuxd.domain.invocation import Exit

_BY_STATUS: dict[int, FaultKind] = {
    401: "auth",
    402: "quota",
    403: "auth",
    408: "transient",
    409: "transient",
    413: "context_too_long",
    425: "transient",
    429: "rate_limit",
    451: "refused",
    503: "overloaded",
    529: "overloaded",
}

_WORDS: tuple[tuple[FaultKind, str], ...] = (
    (
        "context_too_long",
        (
            r"prompt is too long|ran out of room|context[_ ]length|context window|maximum context|too many tokens"
            r"|exceeds the maximum number of tokens|input token count"
        ),
    ),
    (
        "refused",
        (
            r"usage policy|policy violation|flagged (?:for|as)|blocked due to (?:safety|recitation|other policy)"
            r"|content[_ ]filter"
        ),
    ),
    (
        "quota",
        (
            r"insufficient[_ ]quota|quota exceeded|(?:current|daily) quota|usage limit|hit your|reached your"
            r"|credit balance|out of (?:usage )?credits|spend(?:ing)? limit|exhausted your|(?:weekly|session) limit"
        ),
    ),
    ("rate_limit", r"rate[_ ]limit|too many requests"),
    ("overloaded", r"overloaded|at capacity|high demand|capacity exceeded|MODEL_CAPACITY"),
    (
        "transient",
        (
            r"connection (?:failed|refused|reset)|unable to connect|fetch failed|stream disconnected"
            r"|waiting for network|terminated|timed? ?out|ECONN|ENOTFOUND|EAI_AGAIN|socket hang up|network error"
        ),
    ),
)
"""What errors say in every provider; the first that is found tells the kind."""

_KINDS: tuple[tuple[FaultKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS
)
_LONGEST = 8000
"""Characters of an error text that are searched; what matters stands at its beginning."""


_ERROR_LINE = re.compile(r"(?:fatal )?error\b", re.IGNORECASE)


class Trouble(msgspec.Struct, frozen=True):
    """What went wrong, before it is told."""

    kind: FaultKind
    message: str
    hint: str = ""
    wait: Wait = NO_WAIT


def kind_of_status(status: int) -> FaultKind | None:
    """The kind of an HTTP status; None for what is no error."""
    if known := _BY_STATUS.get(status):
        return known
    if 500 <= status < 600:
        return "transient"
    return "invalid_request" if 400 <= status < 500 else None


def kind_of_words(said: str) -> FaultKind | None:
    """The kind that an error's own words tell; None when they tell nothing."""
    said = said[:_LONGEST]
    return next((kind for kind, words in _KINDS if words.search(said)), None)


def settle(provider: str, trouble: Trouble) -> Fault:
    """The fault to report; its texts carry no secret and no terminal escape."""
    return Fault(
        code=trouble.kind,
        message=plain(trouble.message) or f"{provider} failed and gave no reason.",
        hint=trouble.hint,
        provider=provider,
        retry_after=trouble.wait.retry_after,
        resets_at=trouble.wait.resets_at,
    )


def of_exit(exit: Exit, last_words: str, *, overlong: bool) -> Trouble | None:
    """What we ourselves did to the agent outweighs whatever it said about it."""
    said = f" It last said: {last_words}" if last_words else ""
    if exit.canceled:
        return Trouble("canceled", "Canceled.")
    if exit.timed_out:
        return Trouble("timeout", f"The agent ran out of time.{said}", "Allow more with --timeout.")
    if exit.output_limit:
        return Trouble("output_limit", "The agent wrote more than it may; what came before is kept.")
    if overlong:
        return Trouble("output_limit", "The agent wrote a line that is longer than we read; the rest is kept.")
    return None


def unfinished(exit: Exit, last_words: str) -> Trouble:
    """No terminal event: an agent on a full disk, a killed one, or one that gives up without a word."""
    if exit.code is None:
        how = "vanished without an exit status"
    elif killed(exit):
        how = f"was ended by signal {exit.code - 128}"
    else:
        how = f"ended (exit {exit.code}) before it had finished"
    return Trouble("crashed", f"The agent {how}.{' ' + last_words if last_words else ''}")


def killed(exit: Exit) -> bool:
    """Ended by a signal, or gone without a status: whatever it said before is not why."""
    return exit.code is None or exit.code - 128 in (1, 2, 3, 6, 9, 11, 13, 15)


def last_words(stderr: bytes, ignore: re.Pattern[str] | None = None, count: int = 3) -> str:
    """What stderr says about the end: from the line that calls itself an error, else the last lines."""
    lines = [plain(line) for line in stderr.decode("utf-8", "replace").split("\n")]
    kept = [line for line in lines if line and not (ignore and ignore.search(line))]
    errors = [place for place, line in enumerate(kept) if _ERROR_LINE.match(line)]
    return " ".join(kept[errors[-1] :][:count] if errors else kept[-count:])
