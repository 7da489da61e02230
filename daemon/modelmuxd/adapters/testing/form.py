"""How an adapter asks and what it makes of strange output: checks that need nothing but the adapter."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
from muxwire.words import SANDBOXES

from modelmuxd.adapters.base import Adapter
from modelmuxd.adapters.testing.replay import prepared, replay, request, told
from modelmuxd.domain.invocation import Exit

NAME = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
EVIL = ("--dangerously-skip-permissions", "-x", "--")


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


FORM: tuple[Callable[[Adapter], None], ...] = (
    check_names,
    check_login,
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

LINES: tuple[Callable[[Adapter], None], ...] = (check_overlong_line,)
"""For those that read lines: of an endless one they keep a bounded part."""
