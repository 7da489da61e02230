"""Adapters of others: the documented one works as it stands, and those that do not harm nobody."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from modelmuxd.adapters.registry import builtin_adapters
from modelmuxd.app.plugins import load

CODE = "from muxclients.entry import muxctl; raise SystemExit(muxctl())"
PAGE = (Path(__file__).parents[2] / "docs/adapters.md").read_text("utf-8")
EXAMPLE, SUITE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(text)
    path.chmod(0o600)
    return path


def refusal(folder: Path) -> str:
    plugins = load(builtin_adapters(), str(folder))
    assert plugins.adapters.keys() == builtin_adapters().keys()
    (fault,) = plugins.faults
    assert fault.hint
    return fault.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_module", "no_such_module"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "adapter"),
        ("adapter = object()", "object"),
        (EXAMPLE.replace('"shout", "The', '"codex", "The'), "another provider called 'codex'"),
        (EXAMPLE.replace('"shout", "The', '"-x", "The'), "cannot be the name"),
        (EXAMPLE.replace("    def reader(", "    def read(", 1), "it lacks reader"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, text: str, said: str) -> None:
    put(tmp_path / "adapters", "mine", text)
    assert said in refusal(tmp_path / "adapters")


def test_a_file_that_others_may_write_is_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    path = put(tmp_path / "adapters", "mine", f"open({str(ran)!r}, 'w')\n{EXAMPLE}")
    path.chmod(0o620)
    assert "others may write" in refusal(tmp_path / "adapters")
    path.chmod(0o600)
    path.parent.chmod(0o777)
    assert "others may write" in refusal(tmp_path / "adapters")
    assert not ran.exists()


def test_a_package_offers_one_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "shouting_adapter", EXAMPLE)
    info = tmp_path / "shouting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[modelmux.adapters]\nshout = shouting_adapter:Shout\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins = load(builtin_adapters(), str(tmp_path / "none"))
    assert (plugins.faults, plugins.adapters["shout"].title) == ((), "The shouting agent")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    run(tmp_path, "daemon", "stop", "--kill")


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.defpath, "MODELMUX_HOME": str(home), "LANG": "C.UTF-8", "HOME": str(home)}
    argv = [sys.executable, "-c", CODE, *words]
    return subprocess.run(argv, cwd=home, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=50)


def test_the_documented_one_answers_beside_a_broken_one(home: Path) -> None:
    put(home / "config" / "adapters", "shout", EXAMPLE)
    put(home / "config" / "adapters", "broken", "1/0")
    done = run(home, "dispatch", "-p", "shout", "--json", "hello")
    assert json.loads(done.stdout)["output"] == "HELLO"
    checked = run(home, "check")
    assert "The shouting agent" in checked.stdout or "shout" in checked.stdout
    assert "ZeroDivisionError" in checked.stdout + checked.stderr
    (home / "config" / "profiles.toml").write_text('[routing]\ndefault_provider = "shout"\n')
    assert run(home, "config", "check").returncode == 0
    assert run(home, "daemon", "stop").returncode == 0
    told = run(home, "config", "check")
    assert (told.returncode, "shout" in told.stderr) == (2, True)


def test_the_documented_suite_passes_and_can_fail(tmp_path: Path) -> None:
    def outcome(adapter: str) -> str:
        (tmp_path / "test_shout.py").write_text(f"{adapter}\n\n{SUITE}")
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "test_shout.py"]
        return subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=50).stdout

    assert re.search(r"^\d+ passed", outcome(EXAMPLE), re.MULTILINE)
    careless = EXAMPLE.replace("text = self.decode(data)", 'text = data.decode("utf-8", "replace")')
    assert "check_unicode_in_any_pieces" in outcome(careless)
