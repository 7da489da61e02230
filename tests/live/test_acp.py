"""The Agent Client Protocol with a real agent: Gemini CLI's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from live.world import World

SETTINGS = """
[acp_agents.gem]
command = "gemini"
args = ["--acp"]
env = ["GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"]
"""


@pytest.mark.parametrize("world", ["gemini"], indirect=True)
def test_gemini_answers_over_acp_and_is_kept_from_writing(world: World) -> None:
    profiles = Path(world.folder, "mux/config/profiles.toml")
    profiles.parent.mkdir(parents=True, exist_ok=True)
    profiles.write_text((profiles.read_text() if profiles.exists() else "") + SETTINGS)
    world.provider = "gem"
    done = world.muxctl("dispatch", "--json", "-p", "gem", stdin="Say it. [[reply:over acp]]")
    assert '"output":"over acp"' in done.stdout, (done.stdout, done.stderr)
    target = world.project / "made.txt"
    done = world.muxctl("dispatch", "--json", "-p", "gem", stdin=f"Do it. [[tool:write:{target}=x]] [[reply:Done.]]")
    assert not target.exists()
