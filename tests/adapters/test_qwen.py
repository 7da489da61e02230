"""What is Qwen Code's own: errors inside the answer, counts that go on turn after turn, a mode that allows too much."""

from __future__ import annotations

import pytest
from adapters.replay import ADAPTERS, expectations, lines, load, tokens
from adapters.test_ask import asked, refused
from modelmuxd.adapters.testing import answer, replay
from modelmuxd.domain.invocation import Exit

# Written by hand from what was measured: never regenerated.
FAILURES = {
    "auth_401": "auth",
    "forbidden_403": "auth",
    "no_credentials": "auth",
    "invalid_model": "invalid_request",
    "invalid_flag": "invalid_request",
    "resume_unknown_id": "invalid_request",
    "bad_request_400": "context_too_long",
    "quota_429": "quota",
    "rate_429_persistent": "rate_limit",
    "server_500_persistent": "transient",
    "connection_refused": "transient",
    "stream_error": "transient",
    "disconnect_mid": "transient",
}


def test_every_failure_is_what_was_measured_and_the_rest_succeed() -> None:
    assert {case: one.fault for case, one in expectations("qwen").items() if one.fault} == FAILURES


def said(text: str, paid: int) -> bytes:
    usage = {"input_tokens": paid, "output_tokens": paid}
    message = {"model": "m", "content": [{"type": "text", "text": text}], "usage": usage}
    return lines(
        {"type": "system", "subtype": "init", "session_id": "s", "model": "m"},
        {"type": "assistant", "message": message},
        {"type": "result", "is_error": False, "result": text},
    )


def test_a_model_may_say_the_words_of_an_error() -> None:
    words = "It prints\n[API Error: 429 Rate limit reached]"
    events, paid = replay(ADAPTERS["qwen"], [said(words, 7)], Exit(0))
    assert (paid.fault, answer(events)) == (None, words)
    _, unpaid = replay(ADAPTERS["qwen"], [said(words, 0)], Exit(0))
    assert unpaid.fault is not None
    assert (unpaid.fault.code, unpaid.fault.message) == ("rate_limit", "429 Rate limit reached")


def test_a_server_that_counts_nothing_is_no_failure() -> None:
    events, outcome = replay(ADAPTERS["qwen"], [said("hello", 0)], Exit(0))
    assert (outcome.fault, outcome.usage, answer(events)) == (None, None, "hello")


def test_a_resumed_turn_counts_itself_alone() -> None:
    """The `result` of the second turn says 50 335, the first turn's with it; the message says 17 269."""
    second = load("qwen", "resume_turn2")
    _, outcome = replay(ADAPTERS["qwen"], [second.stdout], second.exit)
    assert tokens(outcome.usage) == [17269 - 8634, 8634, 0, 104, 0]


def test_read_only_has_no_tool_that_writes_and_denies_those_by_name() -> None:
    argv = asked("qwen", sandbox="read-only").argv
    offered = set(argv[argv.index("--core-tools") + 1].split(","))
    assert offered == {"read_file", "grep_search", "glob", "list_directory", "web_fetch"}
    denied = set(argv[argv.index("--exclude-tools") + 1].split(","))
    assert {"edit", "write_file", "run_shell_command", "monitor", "agent", "exit_plan_mode"} <= denied
    assert "--allowed-tools" not in argv


def test_write_allows_edits_in_the_folder_and_nowhere_else() -> None:
    argv = asked("qwen", sandbox="write", workdir="/home/me/my project").argv
    assert argv[argv.index("--approval-mode") + 1] == "default", "auto-edit writes anywhere"
    assert argv[argv.index("--allowed-tools") + 1] == "Edit(//home/me/my project/**)"
    assert "run_shell_command" in argv[argv.index("--exclude-tools") + 1].split(",")


@pytest.mark.parametrize("workdir", ["/a,b", "/a(b)", "/a*", "/a[1]", "/{a,b}", "/!a"])
def test_a_folder_that_no_rule_can_name_is_refused_for_write_alone(workdir: str) -> None:
    assert refused("qwen", sandbox="write", workdir=workdir).code == "sandbox_denied"
    for sandbox in ("read-only", "full"):
        assert asked("qwen", sandbox=sandbox, workdir=workdir)


def test_a_profiles_endpoint_is_asked_whatever_the_settings_choose() -> None:
    argv = asked("qwen", settings={"base_url": "https://gate.test/v1", "api_key_env": "GATE_KEY"}).argv
    assert argv[argv.index("--auth-type") + 1] == "openai"
    assert argv[argv.index("--openai-base-url") + 1] == "https://gate.test/v1"
