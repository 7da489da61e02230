from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

from modelmuxd.life import logs

SPEAK = """
import logging, os, sys
from modelmuxd.life.logs import set_up
info = os.fstat(2)
if sys.argv[2:]:
    os.environ["JOURNAL_STREAM"] = f"{info.st_dev}:{info.st_ino}"
set_up(sys.argv[1])
log = logging.getLogger("modelmuxd.x")
log.info("Started sk-proj-abcdefghijklmnopqrstuv", extra={"action": "start", "run": "r1"})
log.warning("Odd")
try:
    raise ValueError("Bearer abcdefghijklmnop")
except ValueError:
    log.exception("Broke")
"""


def speak(path: Path, *more: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", SPEAK, str(path), *more], stderr=subprocess.PIPE, text=True, timeout=30, check=True
    )
    return result.stderr


def test_json_lines_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "modelmuxd.log"
    assert speak(path) == ""
    first, second, third = map(json.loads, path.read_text().splitlines())
    assert {name: first[name] for name in ("level", "action", "run", "message")} == {
        "level": "info",
        "action": "start",
        "run": "r1",
        "message": "Started sk-proj-…",
    }
    assert (second["level"], second["message"]) == ("warning", "Odd")
    assert third["error"].endswith("ValueError: Bearer …")
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_journal_gets_levels_on_every_line(tmp_path: Path) -> None:
    lines = speak(tmp_path / "unused", "journal").splitlines()
    assert lines[:2] == ["<6>Started sk-proj-… action=start run=r1", "<4>Odd"]
    assert len(lines) > 4
    assert all(line.startswith("<3>") for line in lines[2:])
    assert not (tmp_path / "unused").exists()


def test_a_rotated_file_is_private_too(tmp_path: Path) -> None:
    path = tmp_path / "log"
    old = os.umask(0)
    try:
        handler = logs.PrivateFile(str(path), maxBytes=100, backupCount=1)
        for _ in range(5):
            handler.emit(logging.makeLogRecord({"msg": "x" * 60, "levelno": 20}))
        handler.close()
    finally:
        os.umask(old)
    assert {name: (tmp_path / name).stat().st_mode & 0o777 for name in os.listdir(tmp_path)} == {
        "log": 0o600,
        "log.1": 0o600,
    }


def test_redaction_never_breaks_the_line() -> None:
    record = logging.makeLogRecord({"msg": 'password=abcdefgh" and "more', "levelname": "INFO"})
    assert json.loads(logs.JsonFormatter().format(record))["message"] == 'password=…" and "more'


def test_values_json_does_not_know_are_written_as_text(tmp_path: Path) -> None:
    record = logging.makeLogRecord({"msg": "x", "levelname": "INFO", "path": tmp_path})
    assert json.loads(logs.JsonFormatter().format(record))["path"] == str(tmp_path)
