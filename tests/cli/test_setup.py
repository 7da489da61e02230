"""`muxctl setup`: our server in the files of other programs, as a user does it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli_stage import script

FILES = {
    "claude": ".claude.json",
    "codex": ".codex/config.toml",
    "gemini": ".gemini/settings.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".config/Code/User/mcp.json",
}
PROJECT = {
    "claude": ".mcp.json",
    "codex": ".codex/config.toml",
    "gemini": ".gemini/settings.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".vscode/mcp.json",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("home/.codex", "home/.cursor", "work"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path / "home"


def setup(home: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    here = {"PATH": os.defpath, "HOME": str(home), **env}
    work = home.parent / "work"
    return subprocess.run([script(), "setup", *words], env=here, cwd=work, capture_output=True, text=True, timeout=40)


def test_all_that_is_here_is_set_up_and_taken_out_again(home: Path) -> None:
    assert "muxctl setup codex cursor" in setup(home).stdout
    done = json.loads(setup(home, "--all", "--json").stdout)
    assert [one["name"] for one in done["changes"]] == ["codex", "cursor"]
    config = (home / FILES["codex"]).read_text()
    assert "tool_timeout_sec = 300" in config
    assert f'command = "{script("modelmux")}"' in config
    again = json.loads(setup(home, "--all", "--json").stdout)
    assert not any(one["changed"] for one in again["changes"])
    removed = setup(home, "--all", "--remove")
    assert removed.returncode == 0
    assert list((home / ".codex").iterdir()) == list((home / ".cursor").iterdir()) == []


@pytest.mark.parametrize("scope", ["user", "project"])
@pytest.mark.parametrize("name", FILES)
def test_each_has_its_file_and_keeps_what_is_in_it(home: Path, name: str, scope: str) -> None:
    file = home / FILES[name] if scope == "user" else home.parent / "work" / PROJECT[name]
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "# mine\nmodel = 'x'\n" if name == "codex" else '{"mine": 1 }'
    file.write_text(text)
    file.chmod(0o600)
    shown = setup(home, name, "--scope", scope, "--dry-run")
    assert "modelmux" in shown.stdout
    assert file.read_text() == text
    done = setup(home, name, "--scope", scope, MODELMUX_HOME=str(home / "mux"))
    assert done.returncode == 0
    assert done.stdout.startswith(shown.stdout[:20])
    assert "mine" in file.read_text()
    assert (str(home) in file.read_text()) is (scope == "user")  # a project's is for other machines too
    assert (file.parent / (file.name + ".modelmux-backup")).read_text() == text
    assert file.stat().st_mode & 0o777 == 0o600
    found: list[dict[str, Any]] = json.loads(setup(home, "--json").stdout)
    assert next(one[scope] for one in found if one["name"] == name)


@pytest.mark.parametrize(
    ("name", "text"),
    [("gemini", '{"mcpServers": ['), ("codex", "mcp_servers = { other = {} }\n"), ("cursor", '{"mcpServers": 1}')],
)
def test_a_file_that_cannot_be_edited_is_left_alone(home: Path, name: str, text: str) -> None:
    file = home / FILES[name]
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    refused = setup(home, name)
    assert refused.returncode != 0
    assert str(file) in refused.stderr
    assert file.read_text() == text


@pytest.mark.parametrize("name", FILES)
def test_a_removal_leaves_the_file_as_it_was_before_us_and_no_backup(home: Path, name: str) -> None:
    file = home / FILES[name]
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "# mine\nmodel = 'x'\n" if name == "codex" else '{"mine": 1, "SERVERS": {}}'
    file.write_text(text.replace("SERVERS", "servers" if name == "vscode" else "mcpServers"))
    before = file.read_bytes()
    setup(home, name)
    assert file.read_bytes() != before
    setup(home, name, "--remove")
    assert (file.read_bytes(), [one.name for one in file.parent.iterdir() if "backup" in one.name]) == (before, [])


def test_what_a_user_has_changed_since_is_kept_with_a_backup(home: Path) -> None:
    file = home / FILES["codex"]
    file.write_text("model = 'x'\n")
    setup(home, "codex")
    file.write_text(file.read_text().replace("'x'", "'y'"))
    setup(home, "codex", "--remove")
    assert file.read_text() == "model = 'y'\n"
    assert "modelmux" in file.with_name("config.toml.modelmux-backup").read_text()


@pytest.mark.parametrize("bad", [b'{"mine": "\xff"}', None], ids=["no UTF-8", "a folder"])
def test_a_broken_file_is_named_and_no_reason_to_leave_out_the_next(home: Path, bad: bytes | None) -> None:
    (home / ".gemini").mkdir()
    file = home / FILES["gemini"]
    if bad is None:
        file.mkdir()
    else:
        file.write_bytes(bad)
    done = setup(home, "--all", "--json")
    told = json.loads(done.stdout)
    assert ([one["name"] for one in told["changes"]], list(told["errors"])) == (["codex", "cursor"], ["gemini"])
    assert str(file) in told["errors"]["gemini"]["message"]
    assert done.returncode == setup(home, "gemini").returncode != 0
    shown = setup(home, "--all")
    assert (shown.stdout.count("as it should be"), str(file) in shown.stderr) == (2, True)


def test_an_unknown_program_is_named(home: Path) -> None:
    assert "Did you mean 'cursor'?" in setup(home, "curser").stderr
