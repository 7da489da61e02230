"""The contract suite, once per adapter with the same cases; and the registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from adapters.voices import VOICES
from modelmuxd.adapters.base import Adapter
from modelmuxd.adapters.registry import builtins, register
from modelmuxd.adapters.testing import FORM, LINES, VOICE, Voice
from muxwire.faults import FaultError


def name_of(check: Callable[..., None]) -> str:
    return check.__name__.removeprefix("check_")


@pytest.mark.parametrize("check", [*FORM, *LINES], ids=name_of)
@pytest.mark.parametrize("adapter", builtins(), ids=lambda adapter: adapter.name)
def test_form(adapter: Adapter, check: Callable[[Adapter], None]) -> None:
    check(adapter)


@pytest.mark.parametrize("check", VOICE, ids=name_of)
@pytest.mark.parametrize("provider", VOICES)
def test_voice(provider: str, check: Callable[[Voice], None]) -> None:
    check(VOICES[provider]())


def test_every_builtin_has_a_voice() -> None:
    assert {adapter.name for adapter in builtins()} <= VOICES.keys()


def test_registry_knows_them() -> None:
    assert sorted(register(builtins())) == ["claude", "codex", "dashscope", "gemini", "ollama", "opencode", "qwen"]


def test_no_adapter_shadows_another() -> None:
    with pytest.raises(FaultError) as refusal:
        register((*builtins(), builtins()[0]))
    assert refusal.value.fault.code == "config"
    assert "codex" in refusal.value.fault.message
