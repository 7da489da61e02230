"""What `check --diagnose` says of a provider, from what really happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.stage import Stage
from modelmuxd.adapters.registry import builtin_adapters
from modelmuxd.engine.diagnose import findings, sandboxes
from muxwire.faults import Fault
from muxwire.insight import ProviderCheck

pytestmark = pytest.mark.anyio

CHECKED = ProviderCheck(available=True, binary="codex", path="/u/bin/codex", version="0.169.0")
LIMITED = Fault("auth", "The key is not valid.", "Run `codex login`.", provider="codex")


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
        checked = dict.fromkeys(("codex", "claude"), CHECKED)
        told = await engine.doctor(await engine.source(str(stage.workdir), ""), checked, "/u/bin")
    assert told["codex"].last == ("error (auth)", "success")
    assert told["codex"].account is None
    assert told["claude"].account is not None
    assert told["claude"].account.cooldown_kind == "rate_limit"
    assert told["codex"].searched == "/u/bin"
    assert told["codex"].findings == ()


@pytest.mark.parametrize(
    ("version", "ended", "codes", "fixes"),
    [
        ("0.169.0", [], [], []),
        ("codex-cli 0.170.1", [None], ["version"], ["npm install -g @openai/codex@0.169.0"]),
        ("0.98.3", [LIMITED, LIMITED], ["version"], ["npm install -g @openai/codex@0.169.0"]),
        ("", [LIMITED, None, LIMITED], [], []),
        ("0.169.0", [LIMITED, LIMITED, LIMITED, None], ["auth"], ["Run `codex login`."]),
        ("0.169.0", [LIMITED, Fault("timeout", "Late.", "Allow more."), LIMITED], [], []),
    ],
)
def test_findings_come_with_what_mends_them(
    version: str, ended: list[Fault | None], codes: list[str], fixes: list[str]
) -> None:
    checked = ProviderCheck(available=True, binary="codex", path="/u/bin/codex", version=version)
    found = list(findings(builtin_adapters()["codex"], checked, ended))
    assert [one.code for one in found] == codes
    assert [one.hint for one in found] == fixes
