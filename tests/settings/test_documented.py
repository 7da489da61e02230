"""A configuration that the docs offer is one that loads, and asks what the docs say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from modelmuxd.adapters.registry import builtin_adapters
from modelmuxd.adapters.testing import request
from modelmuxd.engine.task_settings import resolve
from muxwire.faults import FaultError
from muxwire.places import places
from muxwire.settings import load

DOCS = Path(__file__).parents[2] / "docs"


def documented(name: str) -> str:
    """The one TOML block of a page."""
    (block,) = re.findall(r"^```toml\n(.*?)^```$", (DOCS / name).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return str(block)


def test_antigravity_is_asked_as_documented(tmp_path: Path) -> None:
    here = places({"MODELMUX_HOME": str(tmp_path)})
    Path(here.profiles).parent.mkdir(parents=True)
    Path(here.profiles).write_text(documented("antigravity.md"), "utf-8")
    loaded = load(here)
    assert (loaded.faults, loaded.warnings) == ((), ())
    agy = resolve(loaded.settings, "", builtin_adapters()).adapters["agy"]
    assert agy.program == "agy"
    asked = agy.prepare(request(task="--help me {workdir}"))
    assert asked.argv == ("/bin/agent", "--sandbox", "--print-timeout", "60m", "--print=--help me {workdir}")
    assert (asked.stdin, asked.env_names, asked.enforced) == (b"", (), "none")
    with pytest.raises(FaultError, match="takes no session"):
        agy.prepare(request(session="some-id"))
