"""What `check --diagnose` says of a provider, from what really happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.stage import Stage
from modelmuxd.adapters.registry import builtin_adapters
from modelmuxd.engine.diagnose import sandboxes

pytestmark = pytest.mark.anyio


def test_each_word_is_kept_or_refused_by_name() -> None:
    words = {name: sandboxes(adapter) for name, adapter in builtin_adapters().items()}
    assert words["codex"] == {"read-only": "kernel", "write": "kernel", "full": "permission"}
    assert words["ollama"]["read-only"] == "no_tools"
    assert words["ollama"]["write"].startswith("refused: ollama answers and has no tools")


async def test_accounts_and_last_runs(tmp_path: Path) -> None:
    stage = Stage(tmp_path, "codex", "claude")
    async with stage.engine() as engine:
        await stage.run(engine, "say x", provider="codex")
        await stage.run(engine, "fault auth", provider="codex")
        await stage.run(engine, "fault rate_limit 300", provider="claude", deadline=1.0)
        told = await engine.doctor(await engine.source(str(stage.workdir), ""))
    assert told["codex"].last == ("error (auth)", "success")
    assert told["codex"].account is None
    assert told["claude"].account is not None
    assert told["claude"].account.cooldown_kind == "rate_limit"
