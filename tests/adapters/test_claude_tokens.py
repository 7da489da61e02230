"""What of Claude's cache writes is kept for an hour, which only its sum over all models tells."""

from __future__ import annotations

import pytest
from modelmuxd.adapters.claude.tokens import usage_of

MAIN = {"inputTokens": 10, "outputTokens": 5, "cacheReadInputTokens": 0, "cacheCreationInputTokens": 1000}
SMALL = {"inputTokens": 3, "outputTokens": 1, "cacheReadInputTokens": 0, "cacheCreationInputTokens": 50}


def result(hour: int, **by_model: object) -> dict[str, object]:
    written = {"ephemeral_1h_input_tokens": hour, "ephemeral_5m_input_tokens": 7}
    usage = {"input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 1000, "cache_creation": written}
    return {"usage": usage, "modelUsage": by_model}


@pytest.mark.parametrize(("told", "kept"), [(0, 0), (400, 400), (5000, 1000)])
def test_an_hour_is_part_of_what_was_written(told: int, kept: int) -> None:
    for by_model in ({"opus[1m]": MAIN}, {}):
        usage = usage_of(result(told, **by_model), "opus")
        assert usage
        assert (usage.cache_write, usage.cache_write_hour) == (1000, kept)


def test_of_several_models_it_is_the_main_ones() -> None:
    usage = usage_of(result(400, **{"haiku": SMALL, "opus[1m]": MAIN}), "opus")
    assert usage
    assert (usage.cache_write, usage.cache_write_hour) == (1050, 400)
    assert [(share.model, share.cache_write_hour) for share in usage.shares] == [("haiku", 0), ("opus[1m]", 400)]


def test_what_does_not_tell_is_kept_for_minutes() -> None:
    usage = usage_of({"modelUsage": {"opus": MAIN}}, "opus")
    assert usage
    assert usage.cache_write_hour == 0
