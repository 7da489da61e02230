"""What the README says in tables is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from modelmuxd.adapters.registry import builtins
from muxclients.cli.names import COMMANDS
from muxclients.demo.stage import AGENTS
from muxwire import words
from muxwire.exits import TABLE

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text("utf-8")


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_two_commands_come_first() -> None:
    assert re.findall(r"^    (uv run \w+(?: demo)?)", README, re.M)[:2] == ["uv run muxctl demo", "uv run pytest"]


def test_exit_codes_are_the_codes() -> None:
    shown = re.findall(r"^\| (\d+) \| (.*) \|$", section("Exit codes"), re.M)
    assert [(int(code), text) for code, text in shown] == list(TABLE)
    assert f"{words.EXIT_BUSY} another daemon" in section("Exit codes")
    assert f"{words.EXIT_CONFIG} a bad configuration" in section("Exit codes")


def test_every_command_is_listed() -> None:
    shown = set(re.findall(r"`muxctl (\w+)", section("Commands")))
    assert shown == set(COMMANDS) - {"help"}


def test_versions_are_the_same_everywhere() -> None:
    """In the adapters, in the README, in the demo's scripts and in what the live tests install."""
    tested = {one.name: one.package.tested for one in builtins() if one.package.tested}
    shown = dict(re.findall(r"^\| `(\w+)` [\w ]+ \| ([\d.]+) \|", README, re.MULTILINE))
    installed = dict(re.findall(r"^([A-Z]+)=([\d.]+)$", (REPOSITORY / ".ci/agents").read_text("utf-8"), re.MULTILINE))
    assert shown == tested
    assert {name: installed[name.upper()] for name in tested} == tested
    assert {name: version for name, (_, version) in AGENTS.items()}.items() <= tested.items()


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert [link for link in links if not (REPOSITORY / link).exists()] == []
