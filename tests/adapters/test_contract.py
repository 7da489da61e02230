"""The contract suite, once per built-in adapter; and the registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from modelmuxd.adapters.base import Adapter
from modelmuxd.adapters.registry import builtins, register
from modelmuxd.adapters.testing import CHECKS, LINE_CHECKS
from muxwire.faults import FaultError


@pytest.mark.parametrize("check", [*CHECKS, *LINE_CHECKS], ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("adapter", builtins(), ids=lambda adapter: adapter.name)
def test_contract(adapter: Adapter, check: Callable[[Adapter], None]) -> None:
    check(adapter)


def test_registry_knows_them() -> None:
    assert sorted(register(builtins())) == ["claude", "codex", "dashscope", "gemini", "ollama"]


def test_no_adapter_shadows_another() -> None:
    with pytest.raises(FaultError) as refusal:
        register((*builtins(), builtins()[0]))
    assert refusal.value.fault.code == "config"
    assert "codex" in refusal.value.fault.message
