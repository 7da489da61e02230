"""What an agent's silence means."""

from __future__ import annotations

from modelmuxd.engine.silence import AT_WORK, TICK, WORTH_A_WORD, Silence


def silent(seconds: float, *, heard: bool = True) -> Silence:
    silence = Silence()
    if heard:
        silence.broken()
    for _ in range(int(seconds / TICK)):
        silence.tick(TICK)
    return silence


def test_a_start_without_a_word_hangs_and_a_later_silence_never_does() -> None:
    assert not silent(55, heard=False).hung(60)
    assert silent(60, heard=False).hung(60)
    assert not silent(6000).hung(60)


def test_a_suspended_machine_has_not_listened() -> None:
    silence = Silence()
    silence.tick(7200.0)
    assert silence.seconds == TICK


def test_an_idle_silence_is_mentioned_once() -> None:
    silence = silent(WORTH_A_WORD)
    assert silence.remark("codex", 0.0) == "codex has said nothing for 5 min; it seems to do nothing."
    assert not silence.worth_asking()
    silence.broken()
    assert silence.remark("codex", 0.0) == ""


def test_a_tool_that_runs_or_a_busy_tree_may_take_its_time() -> None:
    testing, computing = silent(WORTH_A_WORD), silent(WORTH_A_WORD)
    testing.tool("shell", "started")
    assert testing.remark("codex", None) == computing.remark("codex", 0.9) == ""
    testing = silent(AT_WORK)
    testing.tool("shell", "started")
    assert testing.remark("codex", 0.0) == "codex has said nothing for 30 min; shell still runs."
    testing.tool("shell", "completed")
    assert testing.open_tools == []


def test_a_tool_whose_start_nobody_told_does_not_count_below_none() -> None:
    silence = Silence()
    silence.tool("shell", "completed")
    silence.tool("shell", "started")
    assert silence.open_tools == ["shell"]
