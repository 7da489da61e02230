"""What an adapter makes of what its provider really says: the same cases for every one of them.

The checks cannot know how a provider says a thing; its `Voice` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from muxwire.words import SANDBOXES, FaultKind

from modelmuxd.adapters.base import Adapter
from modelmuxd.adapters.testing.replay import answer, prepared, replay, request, told
from modelmuxd.domain.invocation import Exit
from modelmuxd.domain.outcome import Outcome

SESSION = "0b9d9f1e-1111-4222-8333-444455556666"
UNICODE = "Grüße, 你好, שלום, \U0001f469\u200d\U0001f4bb,\u2028 a line\u0085 and another\tend"
MEGABYTE = "0123456789abcde\n" * (1 << 16)
JUNK = (b"null\n", b"\x1b[31mWARN\x1b[0m noise\n", b"\xff\xfe\n", b'{"type":\n', b"[" * 2000 + b"\n", b"\r\n")
KINDS: tuple[FaultKind, ...] = (
    "auth",
    "quota",
    "rate_limit",
    "overloaded",
    "transient",
    "invalid_request",
    "context_too_long",
    "refused",
    "crashed",
)
"""What a provider itself can tell or do; the other kinds are found by us."""


@dataclass(frozen=True)
class Said:
    """All that one attempt printed, and how it ended."""

    stdout: bytes = b""
    stderr: bytes = b""
    code: int | None = 0


@dataclass(frozen=True)
class Voice:
    """How a provider says things."""

    adapter: Adapter
    answers: Callable[[str, str], Said]
    """An attempt that gives this text, in this session."""
    faults: Mapping[FaultKind, Said]
    """Each kind of fault that it can tell from another."""
    never: frozenset[FaultKind] = frozenset()
    """Those that it cannot tell, such as by a protocol that has no word for them."""
    lines: bool = True
    """Whether it speaks in lines, so that foreign lines can stand between them."""
    last_word: bool = True
    """Whether it says itself that it has finished; without that, exit code 0 is all there is."""
    sessions: bool = True
    """Whether a session can go on."""
    keeps: frozenset[str] = frozenset(SANDBOXES)
    """The sandbox words that it takes."""
    enforces: bool = True
    """Whether it keeps them, too; False for what its user brought, of which nothing is known."""


def check_answer(voice: Voice) -> None:
    assert heard(voice, "hello") == "hello"


def check_unicode_in_any_pieces(voice: Voice) -> None:
    said = voice.answers(UNICODE, SESSION)
    single = [said.stdout[at : at + 1] for at in range(len(said.stdout))]
    for pieces in ([said.stdout], single):
        events, outcome = replay(voice.adapter, pieces, Exit(said.code), said.stderr)
        assert outcome.fault is None
        assert answer(events) == UNICODE


def check_megabyte(voice: Voice) -> None:
    said = voice.answers(MEGABYTE, SESSION)
    pieces = [said.stdout[at : at + 65_536] for at in range(0, len(said.stdout), 65_536)]
    events, outcome = replay(voice.adapter, pieces, Exit(said.code), said.stderr)
    assert outcome.fault is None
    assert answer(events) == MEGABYTE


def check_empty_answer(voice: Voice) -> None:
    said = voice.answers("", SESSION)
    events, outcome = replay(voice.adapter, [said.stdout], Exit(said.code), said.stderr)
    assert answer(events) == ""
    told(voice.adapter, outcome)


def check_junk_between(voice: Voice) -> None:
    if not voice.lines:
        return
    said = voice.answers("hello", SESSION)
    for junk in JUNK:
        pieces = [junk + line for line in said.stdout.splitlines(keepends=True)]
        events, outcome = replay(voice.adapter, [*pieces, junk], Exit(said.code), said.stderr)
        assert outcome.fault is None, junk
        assert answer(events) == "hello"


def check_half_an_answer_is_no_success(voice: Voice) -> None:
    if not voice.last_word:
        return
    said = voice.answers("hello", SESSION)
    lines = said.stdout.splitlines(keepends=True)
    for count in range(len(lines)):
        assert blamed(voice, Said(b"".join(lines[:count]), said.stderr, said.code)).fault is not None, count


def check_bad_exit_is_no_success(voice: Voice) -> None:
    said = voice.answers("hello", SESSION)
    for code in (1, 2, 137, None):
        assert blamed(voice, Said(said.stdout, said.stderr, code)).fault is not None, code


def check_faults(voice: Voice) -> None:
    assert set(voice.faults) | voice.never >= set(KINDS), "say how it tells the rest, or that it never does"
    for kind, said in voice.faults.items():
        fault = blamed(voice, said).fault
        assert fault is not None, kind
        assert fault.code == kind, fault


def check_our_acts_outweigh_its_answer(voice: Voice) -> None:
    said = voice.answers("hello", SESSION)
    for act, kind in (("canceled", "canceled"), ("timed_out", "timeout"), ("output_limit", "output_limit")):
        _, outcome = replay(voice.adapter, [said.stdout], Exit(said.code, **{act: True}), said.stderr)
        assert outcome.fault is not None
        assert outcome.fault.code == kind


def check_session(voice: Voice) -> None:
    invocation = prepared(voice.adapter, session=SESSION, history=(("EARLIER", "before"),))
    assert (invocation is not None) == voice.sessions
    if invocation is not None:
        asked = [*invocation.argv, *(placed.content.decode() for placed in invocation.files)]
        assert any(SESSION in word or "EARLIER" in word for word in asked)
        said = voice.answers("hello", SESSION)
        _, outcome = replay(voice.adapter, [said.stdout], Exit(said.code), said.stderr, request(session=SESSION))
        assert outcome.session == SESSION


def check_every_sandbox_is_kept_or_refused(voice: Voice) -> None:
    for sandbox in SANDBOXES:
        invocation = prepared(voice.adapter, sandbox=sandbox)
        assert (invocation is not None) == (sandbox in voice.keeps), sandbox
        if invocation is not None:
            assert (invocation.enforced != "none") == voice.enforces, sandbox


def heard(voice: Voice, text: str) -> str:
    said = voice.answers(text, SESSION)
    events, outcome = replay(voice.adapter, [said.stdout], Exit(said.code), said.stderr)
    assert outcome.fault is None, outcome.fault
    return answer(events)


def blamed(voice: Voice, said: Said) -> Outcome:
    _, outcome = replay(voice.adapter, [said.stdout], Exit(said.code), said.stderr)
    told(voice.adapter, outcome)
    return outcome


VOICE: tuple[Callable[[Voice], None], ...] = (
    check_answer,
    check_unicode_in_any_pieces,
    check_megabyte,
    check_empty_answer,
    check_junk_between,
    check_half_an_answer_is_no_success,
    check_bad_exit_is_no_success,
    check_faults,
    check_our_acts_outweigh_its_answer,
    check_session,
    check_every_sandbox_is_kept_or_refused,
)
