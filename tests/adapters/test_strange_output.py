"""Whatever a program prints, the readers do not raise, hold little, and give what can be stored."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest
from adapters.replay import ADAPTERS, lines
from hypothesis import given, settings
from hypothesis import strategies as st
from modelmuxd.adapters.jsonl import LineSplitter, parse
from modelmuxd.adapters.testing import replay, request
from modelmuxd.domain.invocation import Exit
from muxwire.faults import Fault
from muxwire.words import FAULT_KINDS

# Every key and word that some reader looks at.
_KEYS = """
type subtype item event message content error errors text thread_id session_id model status usage stats models
input_tokens cached_input_tokens output_tokens reasoning_output_tokens total_tokens cached modelUsage inputTokens
outputTokens total_cost_usd is_error result structured_output stop_reason terminal_reason api_error_status delta
parent_tool_use_id rate_limit_info resetsAt retry_delay_ms error_status severity role tool_name tool_id parameters
name input id tool_use_id server tool command changes code details query
"""
_WORDS = """
thread.started turn.completed turn.failed item.started item.completed item.updated error agent_message
command_execution file_change mcp_tool_call collab_tool_call web_search system init api_retry assistant user result
stream_event rate_limit_event rejected rate_limit model_fallback content_block_delta text_delta tool_use tool_result
message success text <synthetic> auto Reconnecting... usage_limit refusal
"""
KEYS, WORDS = _KEYS.split(), _WORDS.split()
SCALARS = (None, True, False, 0, -1, 7, 2**70, -(2**70), 0.5, 1e308, float("inf"), float("nan"), "", "x", "\ud800", "1")


def junk(chance: Random, depth: int = 4) -> Any:
    """Any JSON value; by hand, since hypothesis takes a minute over the same."""
    shape = chance.random()
    if depth and shape < 0.5:
        return {chance.choice(KEYS): junk(chance, depth - 1) for _ in range(chance.randrange(5))}
    if depth and shape < 0.65:
        return [junk(chance, depth - 1) for _ in range(chance.randrange(4))]
    return chance.choice(WORDS) if shape < 0.8 else chance.choice(SCALARS)


def event(chance: Random) -> Any:
    """An object that some reader will take for one of its events."""
    return {chance.choice(KEYS): junk(chance) for _ in range(chance.randrange(9))} | {"type": chance.choice(WORDS)}


exits = st.builds(
    Exit,
    st.sampled_from([None, 0, 1, 2, 17, 41, 42, 53, 55, 124, 130, 137, 143, 144, 173, 244, 255]),
    canceled=st.booleans(),
    timed_out=st.booleans(),
)


def encode(value: Any) -> bytes:
    """As a careless program would print it: NaN, and numbers of any size."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def judge(provider: str, data: bytes, exit: Exit, stderr: bytes) -> Fault | None:
    asked = request(session="earlier", started_at=1.7e9)
    events, outcome = replay(ADAPTERS[provider], [data], exit, stderr, asked)
    msgspec.msgpack.encode(events)
    msgspec.json.encode(outcome)
    if outcome.usage:
        assert min(outcome.usage.input, outcome.usage.cached, outcome.usage.output, outcome.usage.reasoning) >= 0
    assert outcome.cost_micros is None or outcome.cost_micros >= 0
    if outcome.fault:
        assert outcome.fault.code in FAULT_KINDS
        assert outcome.fault.message
    else:
        assert exit.code == 0
        assert not exit.canceled
        assert not exit.timed_out
    return outcome.fault


@pytest.mark.parametrize("provider", sorted(ADAPTERS))
@settings(deadline=None)
@given(data=st.binary(max_size=400), exit=exits, stderr=st.binary(max_size=200))
def test_any_bytes(provider: str, data: bytes, exit: Exit, stderr: bytes) -> None:
    judge(provider, data, exit, stderr)


@pytest.mark.parametrize("provider", sorted(ADAPTERS))
@settings(deadline=None)
@given(seed=st.integers(0, 2**32), exit=exits, stderr=st.text(max_size=100))
def test_any_json(provider: str, seed: int, exit: Exit, stderr: str) -> None:
    chance = Random(seed)
    for _ in range(10):
        many = [event(chance) for _ in range(chance.randrange(7))]
        judge(provider, b"".join(map(encode, many)), exit, stderr.encode())


@pytest.mark.parametrize("provider", sorted(ADAPTERS))
def test_deep_json(provider: str) -> None:
    for depth in (100, 900, 2000, 100_000):
        deep = b'{"type":"result","is_error":true,"errors":' + b"[" * depth + b"]" * depth + b"}\n"
        judge(provider, deep + b'{"a":' * depth + b"1" + b"}" * depth + b"\n", Exit(1), b"")


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200)), limit=st.integers(1, 50))
def test_lines_do_not_depend_on_the_pieces(data: bytes, cuts: list[int], limit: int) -> None:
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    splitter = LineSplitter(limit)
    found = [line for start, end in pairwise(places) for line in splitter.feed(data[start:end])]
    whole = data.split(b"\n")
    assert found == [line for line in whole[:-1] if len(line) <= limit]
    assert splitter.overlong == any(len(line) > limit for line in whole)
    assert splitter.rest() == (whole[-1] if len(whole[-1]) <= limit else b"")


@given(st.text(max_size=50))
def test_text_that_is_text_comes_back_as_it_was(text: str) -> None:
    assert parse(lines({"text": text})) == {"text": text}


def test_a_last_line_without_its_end_is_read() -> None:
    done = lines({"type": "turn.completed", "usage": {"input_tokens": 5}})[:-1]
    _, outcome = replay(ADAPTERS["codex"], [done], Exit(0))
    assert outcome.success
    assert outcome.usage is not None
    assert outcome.usage.input == 5
