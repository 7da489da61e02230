"""An agent CLI that runs `muxctl dispatch` is known by what it set for its children, and is not given the task."""

from __future__ import annotations

import json
from pathlib import Path

import anyio.to_thread
import pytest
from edge.house import House

pytestmark = pytest.mark.anyio


async def test_a_cli_that_calls_is_left_out_of_auto(tmp_path: Path) -> None:
    house = House(tmp_path, "codex", "claude")
    async with house.served():
        process = house.muxctl("dispatch", "say x", "--json", CODEX_THREAD_ID="1")
        out, _ = await anyio.to_thread.run_sync(process.communicate)
    result = json.loads(out)
    assert (result["provider"], result["caller_excluded"], result["routed_from"]) == ("claude", "codex", "auto")
