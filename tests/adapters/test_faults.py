"""Faults that no recording holds: plan limits, refusals, cut answers, logins that ended; and secrets in error texts."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from adapters.replay import ADAPTERS, lines
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.adapters.redact import plain, redact
from modelmuxd.adapters.testing import answer, replay, request
from modelmuxd.domain.events import Delta, Limit, Message, Tool
from modelmuxd.domain.invocation import Exit
from muxwire.faults import Fault

BEGAN = datetime(2026, 11, 22, 14, 30, tzinfo=timezone.utc).timestamp()


def fault(provider: str, *values: Any, exit: int = 1, stderr: bytes = b"", **asked: Any) -> Fault:
    found = replay(ADAPTERS[provider], [lines(*values)], Exit(exit), stderr, request(started_at=BEGAN, **asked))[
        1
    ].fault
    assert found is not None
    return found


def codex(message: str) -> Fault:
    return fault("codex", {"type": "turn.failed", "error": {"message": message}})


def claude(said: str, **more: Any) -> Fault:
    word = more.pop("word", None)
    made_up = {"model": "<synthetic>", "content": [{"type": "text", "text": said}]}
    end = {"type": "result", "is_error": True, "result": said, "total_cost_usd": 0, **more}
    return fault("claude", {"type": "assistant", "message": made_up, "error": word}, end)


def gemini(message: str, exit: int = 1, stderr: bytes = b"") -> Fault:
    end = {"type": "result", "status": "error", "error": {"type": "Error", "message": message}}
    return fault("gemini", end, exit=exit, stderr=stderr)


@pytest.mark.parametrize(
    ("message", "kind", "after", "resets"),
    [
        ("You've hit your usage limit. Try again in 3 days 4 hours 5 minutes.", "quota", 273900.0, None),
        (
            "You've hit your usage limit. Upgrade to Plus … or try again at 2026-11-25T10:00:00Z.",
            "quota",
            None,
            1795600800.0,
        ),
        ("Rate limit reached for gpt-5 in organization org-x: try again in 1.898s", "rate_limit", 1.898, None),
        ("unexpected status 403 Forbidden: Request not allowed", "auth", None, None),
        ("unexpected status 404 Not Found: no such route", "invalid_request", None, None),
        ("unexpected status 502 Bad Gateway: oops", "transient", None, None),
        ("unexpected status 413 Payload Too Large", "context_too_long", None, None),
        ("This request was blocked due to a misalignment policy violation.", "refused", None, None),
        ("Your access token could not be refreshed. Please log out and sign in again.", "auth", None, None),
        ("The model `gpt-9` does not exist or you do not have access to it.", "invalid_request", None, None),
        ("Invalid 'tools[0].name': string too long", "invalid_request", None, None),
        ("internal error; agent loop died unexpectedly", "crashed", None, None),
    ],
)
def test_codex_words(message: str, kind: str, after: float | None, resets: float | None) -> None:
    found = codex(message)
    assert (found.code, found.retry_after, found.resets_at) == (kind, after, resets)
    assert found.message.endswith(message)


def test_codex_never_repeats_a_key() -> None:
    found = codex(
        "unexpected status 401 Unauthorized: Incorrect API key provided: sk-proj-ab12****wxyz. Find yours at …"
    )
    assert found.code == "auth"
    assert "sk-" not in found.message
    assert "codex login" in found.hint


def test_codex_missing_variable_is_named() -> None:
    found = codex("Missing environment variable: `CORP_KEY`.")
    assert (found.code, "CORP_KEY" in found.hint) == ("auth", True)


def test_claude_plan_limit_tells_when_it_ends() -> None:
    info = {"status": "rejected", "resetsAt": 1795363200, "rateLimitType": "five_hour"}
    said = "You've hit your session limit · resets 4pm (UTC)"
    data = lines(
        {"type": "rate_limit_event", "rate_limit_info": info},
        {"type": "assistant", "error": "rate_limit", "message": {"content": [{"type": "text", "text": said}]}},
        {"type": "result", "is_error": True, "api_error_status": 429, "result": said},
    )
    events, outcome = replay(ADAPTERS["claude"], [data], Exit(1), asked=request())
    assert [event for event in events if isinstance(event, Limit)] == [
        Limit("quota", "Claude plan: five_hour limit rejected", None, 1795363200.0)
    ]
    assert outcome.fault is not None
    assert (outcome.fault.code, outcome.fault.resets_at) == ("quota", 1795363200.0)


def test_claude_older_stamp() -> None:
    found = claude("Claude AI usage limit reached|1735689600", word="rate_limit", api_error_status=429)
    assert (found.code, found.resets_at, found.retry_after) == ("quota", 1735689600.0, None)


@pytest.mark.parametrize(
    ("said", "more", "kind"),
    [
        ("API Error: Claude Code is unable to respond … violate our Usage Policy", {}, "refused"),
        ("API Error: Response exceeded the 32000 output token maximum", {"word": "max_output_tokens"}, "output_limit"),
        ("Your organization has disabled OAuth", {"word": "oauth_org_not_allowed"}, "auth"),
        ("OAuth token has expired · Please run /login", {}, "auth"),
        ("API Error: 502 bad gateway", {"word": "server_error", "api_error_status": 502}, "transient"),
        ("Overloaded", {"word": "overloaded", "api_error_status": 529}, "overloaded"),
        ("something new", {}, "crashed"),
    ],
)
def test_claude_words(said: str, more: dict[str, Any], kind: str) -> None:
    assert claude(said, **more).code == kind


def test_claude_refusal_is_no_success() -> None:
    assert fault("claude", {"type": "result", "is_error": False, "stop_reason": "refusal"}, exit=0).code == "refused"


def test_claude_sub_agents_and_thinking_are_not_the_answer() -> None:
    def said(text: str, parent: str | None = None, kind: str = "text") -> dict[str, Any]:
        return {"type": "assistant", "parent_tool_use_id": parent, "message": {"content": [{"type": kind, kind: text}]}}

    def delta(text: str, parent: str | None = None, kind: str = "text") -> dict[str, Any]:
        piece = {"type": "content_block_delta", "delta": {"type": f"{kind}_delta", kind: text}}
        return {"type": "stream_event", "event": piece, "parent_tool_use_id": parent}

    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls -l\nrm x", "description": "d"}}
    shell = {"type": "assistant", "parent_tool_use_id": "t0", "message": {"content": [call]}}
    data = lines(
        delta("hm", kind="thinking"),
        said("hm", kind="thinking"),
        delta("sub", parent="t0"),
        said("sub", parent="t0"),
        shell,
        delta("ans"),
        delta("wer"),
        said("answer"),
        {"type": "result", "is_error": False, "result": "answer"},
    )
    events, outcome = replay(ADAPTERS["claude"], [data], Exit(0))
    assert outcome.success
    assert events == [Tool("Bash", "started", "ls -l"), Delta("ans"), Delta("wer"), Message("answer")]


def test_claude_structured_output_is_the_answer() -> None:
    data = lines({"type": "result", "is_error": False, "result": "", "structured_output": {"a": "ź", "b": [1]}})
    events, _ = replay(ADAPTERS["claude"], [data], Exit(0))
    assert answer(events) == '{"a":"ź","b":[1]}'


def test_claude_result_that_differs_is_the_answer() -> None:
    said = {"type": "assistant", "message": {"content": [{"type": "text", "text": "draft"}]}}
    events, _ = replay(
        ADAPTERS["claude"], [lines(said, {"type": "result", "is_error": False, "result": "final"})], Exit(0)
    )
    assert answer(events) == "final"


@pytest.mark.parametrize(
    ("message", "severity", "kind"),
    [
        ("Maximum session turns exceeded", "error", "output_limit"),
        ("Loop detected, stopping execution", "warning", "output_limit"),
        ("Model response was truncated because it exceeded the token limit.", "error", "output_limit"),
        ("The model response was blocked due to safety settings.", "error", "refused"),
        ("Agent execution blocked: by a hook", "warning", "refused"),
        ("The model returned an empty response with no text or thoughts.", "error", "transient"),
    ],
)
def test_gemini_success_with_a_cut_answer_is_none(message: str, severity: str, kind: str) -> None:
    cut = {"type": "error", "severity": severity, "message": message}
    assert fault("gemini", cut, {"type": "result", "status": "success"}, exit=0).code == kind


def test_gemini_plain_warning_is_no_fault() -> None:
    data = lines({"type": "error", "severity": "warning", "message": "mind"}, {"type": "result", "status": "success"})
    assert replay(ADAPTERS["gemini"], [data], Exit(0))[1].success


def test_gemini_per_minute_quota_is_a_rate_limit() -> None:
    """Google's own words for it speak of the quota, plan and billing."""
    said = "You exceeded your current quota, please check your plan and billing details.\nPlease retry in 33.5s."
    found = gemini(f"[API Error: {said}]\nPlease wait and try again later.", exit=173)
    assert (found.code, found.retry_after) == ("rate_limit", 33.5)
    found = gemini(
        "[API Error: You have exhausted your capacity on this model. Your quota will reset after 12h30m5s.]", 173
    )
    assert (found.code, found.retry_after) == ("quota", 45005.0)


def test_gemini_retry_info_inside_the_error() -> None:
    details = '[{"@type":"RetryInfo","retryDelay":"47s"}]'
    inner = f'{{"error":{{"code":429,"message":"Slow down","status":"RESOURCE_EXHAUSTED","details":{details}}}}}'
    found = gemini(f"[API Error: {inner}]", exit=173)
    assert (found.code, found.message, found.retry_after) == ("rate_limit", "Slow down", 47.0)


def test_gemini_ineligible_account_gets_advice() -> None:
    stderr = b"Error authenticating: IneligibleTierError: This client is no longer supported.\n    at x (y.js:1:2)\n"
    found = fault("gemini", exit=41, stderr=stderr)
    assert found.code == "auth"
    assert "agy" in found.hint
    assert "GEMINI_API_KEY" in found.hint


def test_gemini_overruled_policy_is_a_broken_sandbox() -> None:
    stderr = b"Security Warning: Ignoring --admin-policy because system policies are already defined in /etc/x\n"
    done = {"type": "result", "status": "success"}
    assert fault("gemini", done, exit=0, stderr=stderr).code == "sandbox_denied"
    asked = request(sandbox="full")
    assert replay(ADAPTERS["gemini"], [lines(done)], Exit(0), stderr, asked)[1].success


def test_gemini_stack_traces_stay_out_of_messages() -> None:
    noise = b"Ripgrep is not available. Falling back to GrepTool.\n"
    trace = b"    at async main (file:///x.js:1:2) {\n  status: 500\n}\n"
    found = fault("gemini", exit=1, stderr=noise + b"Error: cannot find it\n" + trace)
    assert found.message == "The agent ended (exit 1) before it had finished. Error: cannot find it"


def test_timeout_tells_what_it_waited_for() -> None:
    notice = {"type": "error", "message": "Reconnecting... waiting for network (Connection failed)"}
    outcome = replay(ADAPTERS["codex"], [lines(notice)], Exit(143, timed_out=True))[1]
    assert outcome.fault is not None
    assert outcome.fault.code == "timeout"
    assert "waiting for network" in outcome.fault.message


@pytest.mark.parametrize(
    "secret",
    [
        "sk-ant-api03-abcdefghijklmnop",
        "sk-proj-ab12****wxyz",
        "sk-sp-0123456789abcdef",
        "AIzaSyA1234567890abcdefghij",
        "ya29.a0AfH6SMBx-yz_1234",
        "ghp_0123456789abcdefABCDEF",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig-nature_1",
    ],
)
def test_known_secrets_are_redacted(secret: str) -> None:
    for around in ("{}", "key={}", '"{}"', "Bearer {}", "https://x.test/v1?key={}&a=b", "({})."):
        assert secret not in redact(around.format(secret))
    assert redact("task-force sk- AIza eyJ Bearer x") == "task-force sk- AIza eyJ Bearer x"


@given(st.text(max_size=2000))
def test_error_texts_are_short_and_without_escapes(text: str) -> None:
    shown = plain(text + "\x1b[31mred\x1b[0m")
    assert len(shown) <= 600
    assert "\x1b" not in shown
