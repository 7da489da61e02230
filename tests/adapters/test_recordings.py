"""Every recording of the real CLIs gives the events and the verdict that it must."""

from __future__ import annotations

import pytest
from adapters.replay import ADAPTERS, RECORDINGS, cases, expectations, load, pieces, summary, tokens
from hypothesis import given, settings
from hypothesis import strategies as st
from modelmuxd.adapters.testing import replay, request

ALL = [(provider, case) for provider in sorted(ADAPTERS) for case in cases(provider)]

# Written by hand from the measured table of what each CLI does when its server fails: never regenerated.
FAILURES = {
    "auth_401": ("auth", "auth", "auth"),
    "forbidden_403": ("auth", "auth", "auth"),
    "no_credentials": ("auth", "auth", "auth"),
    "bad_request_400": ("context_too_long", "context_too_long", "context_too_long"),
    "invalid_model": ("invalid_request", "invalid_request", "invalid_request"),
    "invalid_flag": ("invalid_request", "invalid_request", "invalid_request"),
    "empty_stdin": ("invalid_request", "invalid_request", "invalid_request"),
    "resume_unknown_id": ("invalid_request", "invalid_request", "invalid_request"),
    "quota_429": ("quota", "quota", "quota"),
    "rate_429_persistent": ("rate_limit", "rate_limit", "rate_limit"),
    "rate_429_persistent_retry_after": ("rate_limit", "rate_limit", "rate_limit"),
    "rate_429_once_retry_after": ("", "", ""),
    # Of a 500 Codex tells no more than "currently experiencing high demand".
    "server_500_persistent": ("overloaded", "transient", "transient"),
    "server_500_once": ("", "", ""),
    "unavailable_503_persistent": ("overloaded", "overloaded", "overloaded"),
    "overloaded_529_persistent": ("overloaded", "overloaded", "overloaded"),
    # Codex never gave up here, so that the recorder's own deadline ended it.
    "connection_refused": ("timeout", "transient", "transient"),
    "disconnect_persistent": ("transient", "transient", "transient"),
    # Gemini does not try a broken stream again.
    "disconnect_mid_once": ("", "", "transient"),
    "sigterm_stream": ("crashed", "crashed", "crashed"),
    "sigint_stream": ("crashed", "crashed", "crashed"),
    "sigterm_tool": ("crashed", "crashed", "crashed"),
    "sigkill_tool": ("crashed", "crashed", "crashed"),
    "success": ("", "", ""),
    "unicode": ("", "", ""),
}
PROVIDERS = ("codex", "claude", "gemini")
FEWEST = {"qwen": 20, "opencode": 25}
"""Of these there are fewer; `test_qwen.py` and `test_opencode.py` say what each must mean."""
EVERY = (*PROVIDERS, *FEWEST)


@pytest.mark.parametrize(("provider", "case"), ALL)
def test_recording(provider: str, case: str) -> None:
    recording = load(provider, case)
    events, outcome = replay(ADAPTERS[provider], [recording.stdout], recording.exit, recording.stderr)
    assert summary(case, events, outcome) == expectations(provider)[case]


@pytest.mark.parametrize("provider", EVERY)
def test_no_recording_is_left_out(provider: str) -> None:
    stems = {path.name.split(".")[0] for path in (RECORDINGS / provider).iterdir()}
    assert stems == set(cases(provider)) == set(expectations(provider))
    assert len(stems) >= FEWEST.get(provider, 70)


@pytest.mark.parametrize(("case", "place"), [(case, place) for case in FAILURES for place in range(3)])
def test_failure_means_what_was_measured(case: str, place: int) -> None:
    provider = PROVIDERS[place]
    recording = load(provider, case)
    _, outcome = replay(ADAPTERS[provider], [recording.stdout], recording.exit, recording.stderr)
    assert (outcome.fault.code if outcome.fault else "") == FAILURES[case][place]


@pytest.mark.parametrize("provider", EVERY)
def test_byte_by_byte_gives_the_same(provider: str) -> None:
    for case in cases(provider):
        recording = load(provider, case)
        if len(recording.stdout) > 40_000:
            continue  # long_output and stdin_big: cut at random places below
        whole = replay(ADAPTERS[provider], [recording.stdout], recording.exit, recording.stderr)
        single = [bytes((byte,)) for byte in recording.stdout]
        assert replay(ADAPTERS[provider], single, recording.exit, recording.stderr) == whole, case


@pytest.mark.parametrize("provider", EVERY)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_pieces_give_the_same(provider: str, data: st.DataObject) -> None:
    recording = load(provider, data.draw(st.sampled_from(cases(provider))))
    cuts = data.draw(st.lists(st.integers(0, max(1, len(recording.stdout))), max_size=40))
    whole = replay(ADAPTERS[provider], [recording.stdout], recording.exit, recording.stderr)
    cut = replay(ADAPTERS[provider], pieces(recording.stdout, cuts), recording.exit, recording.stderr)
    assert cut == whole


@pytest.mark.parametrize("provider", EVERY)
def test_a_truncated_success_is_no_success(provider: str) -> None:
    """An agent on a full disk exits 0, and its spool ends anywhere."""
    recording = load(provider, "success")
    end = recording.stdout.rstrip().rfind(b"\n") + 1
    for cut in (0, 1, end // 2, end, end + 5, len(recording.stdout.rstrip()) - 1):
        _, outcome = replay(ADAPTERS[provider], [recording.stdout[:cut]], recording.exit)
        assert outcome.fault is not None
        assert outcome.fault.code == "crashed"


def test_codex_counts_a_thread_and_we_count_runs() -> None:
    """The second turn's own tokens: its total minus the first turn's."""
    codex, first, second = ADAPTERS["codex"], load("codex", "resume_turn1"), load("codex", "resume_turn2")
    _, one = replay(codex, [first.stdout], first.exit)
    asked = request(session=one.session, session_usage=one.usage)
    _, two = replay(codex, [second.stdout], second.exit, asked=asked)
    assert tokens(one.usage) == [9920, 0, 0, 4, 0]
    assert tokens(two.usage) == [19934 - 9920 - 5007, 5007, 0, 25 - 4, 0]
    assert two.usage is not None
    assert two.usage.cumulative
    assert "thread_minus_before" in two.usage.rule
    third = load("codex", "resume_other_cwd")
    _, three = replay(codex, [third.stdout], third.exit, asked=request(session=one.session, session_usage=two.usage))
    assert tokens(three.usage) == [30197 - 19934 - (10138 - 5007), 10138 - 5007, 0, 46 - 25, 0]


def test_codex_without_the_earlier_total_says_so() -> None:
    second = load("codex", "resume_turn2")
    _, outcome = replay(ADAPTERS["codex"], [second.stdout], second.exit, asked=request(session="01a2020d"))
    assert outcome.usage is not None
    assert outcome.usage.rule.endswith("thread_total")


def test_a_count_that_began_anew_is_taken_as_it_is() -> None:
    first, second = load("codex", "resume_turn2"), load("codex", "resume_turn1")
    _, more = replay(ADAPTERS["codex"], [first.stdout], first.exit)
    asked = request(session=more.session, session_usage=more.usage)
    _, less = replay(ADAPTERS["codex"], [second.stdout], second.exit, asked=asked)
    assert tokens(less.usage) == [9920, 0, 0, 4, 0]
