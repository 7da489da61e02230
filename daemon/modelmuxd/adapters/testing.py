"""What every adapter must keep, ours and yours: a plain list of checks, each a function of an adapter.

@pytest.mark.parametrize("check", CHECKS)
def test_contract(check): check(MyAdapter())
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from muxwire.faults import FaultError
from muxwire.words import FAULT_KINDS, SANDBOXES

from modelmuxd.adapters.base import Adapter
from modelmuxd.domain.events import Event
from modelmuxd.domain.invocation import Exit, Invocation
from modelmuxd.domain.outcome import Outcome
from modelmuxd.domain.request import Request

NAME = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
EVIL = ("--dangerously-skip-permissions", "-x", "--")


def request(**more: Any) -> Request:
    """A request with everything in it that a check does not care about."""
    given: dict[str, Any] = {"task": "t", "program": "/bin/agent", "workdir": "/w", "folder": "/state/attempt"}
    return msgspec.convert(given | more, Request)


def replay(
    adapter: Adapter, pieces: Iterable[bytes], exit: Exit, stderr: bytes = b"", asked: Request | None = None
) -> tuple[list[Event], Outcome]:
    """What an adapter makes of an agent's output that comes in these pieces."""
    reader = adapter.reader(asked or request())
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events, reader.verdict(exit, stderr)


def prepared(adapter: Adapter, **more: object) -> Invocation | None:
    """The invocation; None when it was refused, with a fault that names the provider."""
    asked = request(**more)
    try:
        return adapter.prepare(asked)
    except FaultError as error:
        refusal = error.fault
    assert refusal.code in FAULT_KINDS
    assert refusal.provider == adapter.name
    assert refusal.message
    return None


def check_names(adapter: Adapter) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_-]*", adapter.name)
    assert adapter.program
    assert adapter.title
    assert all(NAME.match(name) for name in (*adapter.env_names, *adapter.scrub))
    assert len(set(adapter.env_names)) == len(adapter.env_names)
    assert not set(adapter.env_names) & set(adapter.scrub)
    assert all(re.match(r"(~|\$[A-Z_]+)/", name) for name in adapter.login_files)


def check_login(adapter: Adapter) -> None:
    for junk in (b"", b"{", b"\xff\x00", b"[]", b'{"a":1}', b"[" * 5000, b'{"tokens":7,"security":[]}'):
        found = adapter.login(dict.fromkeys(adapter.login_files, junk), frozenset())
        assert found.how
        assert found.state != "no" or found.fix
    every = adapter.login({}, frozenset(adapter.env_names))
    assert every.how


def check_every_sandbox_is_kept_or_refused(adapter: Adapter) -> None:
    for sandbox in SANDBOXES:
        asked = prepared(adapter, sandbox=sandbox)
        assert asked is None or asked.enforced != "none", sandbox


def check_prompt_stays_out_of_argv(adapter: Adapter) -> None:
    for prompt in ("SECRET-PROMPT", "--help", "/etc/passwd", "\ufeffSECRET-PROMPT\r\n  two\n", "x" * 300_000):
        asked = prepared(adapter, task=prompt)
        assert asked is not None
        assert asked.stdin == prompt.encode()
        assert not any(prompt in word for word in asked.argv)
        assert asked.argv[0] == "/bin/agent"


def check_nothing_becomes_an_option(adapter: Adapter) -> None:
    for word in EVIL:
        for field in ("session", "model"):
            assert prepared(adapter, **{field: word}) is None, (field, word)
    for odd in ("a b", "a\nb", "a\x00b"):
        assert prepared(adapter, session=odd) is None
        assert prepared(adapter, model=odd) is None


def check_empty_and_nul_are_refused(adapter: Adapter) -> None:
    for prompt in ("", " \n", "a\x00b", "\ud800"):
        assert prepared(adapter, task=prompt) is None


def check_environment(adapter: Adapter) -> None:
    asked = prepared(adapter)
    assert asked is not None
    assert set(asked.env_names) <= set(adapter.env_names)
    assert not set(asked.env) & set(adapter.scrub)
    for name in ("PATH", "LD_PRELOAD", "node_options", "DYLD_INSERT_LIBRARIES", "CLAUDECODE", "A-B", ""):
        assert prepared(adapter, settings={"extra_env": {name: "1"}}) is None, name
    assert prepared(adapter, settings={"api_key_env": "sk-not-a-name"}) is None


def check_files_lie_in_the_folder(adapter: Adapter) -> None:
    for sandbox in SANDBOXES:
        asked = prepared(adapter, sandbox=sandbox, as_root=True)
        for placed in asked.files if asked else ():
            assert re.fullmatch(r"[a-z0-9.-]+", placed.name)


def check_silence_is_no_success(adapter: Adapter) -> None:
    for code in (0, 1, 2, 124, 130, 137, 143, None):
        events, outcome = replay(adapter, [], Exit(code))
        assert events == []
        assert outcome.fault is not None
        assert outcome.fault.code not in ("timeout", "canceled"), code
        told(adapter, outcome)


def check_our_own_acts_win(adapter: Adapter) -> None:
    for field, kind in (("canceled", "canceled"), ("timed_out", "timeout"), ("output_limit", "output_limit")):
        for code in (0, 1, 143, None):
            _, outcome = replay(adapter, [b"{}\nnoise\n"], Exit(code, **{field: True}), b"Error: 429 too many")
            assert outcome.fault is not None
            assert outcome.fault.code == kind


def check_overlong_line(adapter: Adapter) -> None:
    reader = adapter.reader(request())
    piece = b"x" * (1 << 20)
    told_once = [event for _ in range(20) for event in reader.feed(piece)]
    assert len(told_once) == 1
    assert reader.feed(b"\n") == []
    outcome = reader.verdict(Exit(0), b"")
    assert outcome.fault is not None
    assert outcome.fault.code == "output_limit"


def check_junk(adapter: Adapter) -> None:
    junk = (
        b"",
        b"\n\n",
        b"null\n42\n[]\n",
        b"\xff\xfe\n",
        b'{"type":',
        b'{"type":"error","error":{"a":[]}}\n',
        b"[" * 9000,
    )
    for data in junk:
        events, outcome = replay(adapter, [data, b"\n"], Exit(1), b"\xff\x00\x1b[31m")
        msgspec.msgpack.encode(events)
        told(adapter, outcome)


def check_session_survives(adapter: Adapter) -> None:
    _, outcome = replay(adapter, [b"noise\n"], Exit(1), asked=request(session="0b9d9f1e-1111"))
    assert outcome.session == "0b9d9f1e-1111"


def told(adapter: Adapter, outcome: Outcome) -> None:
    """The outcome can be stored and shown."""
    msgspec.msgpack.encode(outcome)
    if outcome.fault:
        assert outcome.fault.code in FAULT_KINDS
        assert outcome.fault.provider == adapter.name
        assert outcome.fault.message
        assert "\x1b" not in outcome.fault.message
        assert len(outcome.fault.message) <= 600


CHECKS: tuple[Callable[[Adapter], None], ...] = (
    check_names,
    check_login,
    check_every_sandbox_is_kept_or_refused,
    check_prompt_stays_out_of_argv,
    check_nothing_becomes_an_option,
    check_empty_and_nul_are_refused,
    check_environment,
    check_files_lie_in_the_folder,
    check_silence_is_no_success,
    check_our_own_acts_win,
    check_junk,
    check_session_survives,
)

LINE_CHECKS: tuple[Callable[[Adapter], None], ...] = (check_overlong_line,)
"""For those that read lines: of an endless one they keep a bounded part."""
