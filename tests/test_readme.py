"""What the README says in tables is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

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
    """In the README, in the demo's scripts and in what the live tests install."""
    versions = [version for _, version in AGENTS.values()]
    tested = re.search(r"\| tested with \| (.*) \|", README)
    assert tested
    assert tested[1].split(" | ")[: len(versions)] == versions
    installed = (REPOSITORY / ".ci/agents").read_text("utf-8")
    for name, (_, version) in AGENTS.items():
        assert f"\n{name.upper()}={version}\n" in installed


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert [link for link in links if not (REPOSITORY / link).exists()] == []
