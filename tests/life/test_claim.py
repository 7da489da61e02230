from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from modelmuxd.life.claim import Busy, claim

HOLD = """
import sys
from modelmuxd.life.claim import claim
held = claim(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "modelmuxd.lock"
    with holder(path) as first:
        with pytest.raises(Busy, match=rf"pid {first.pid}\b"):
            claim(str(path), patience=0)
        first.kill()


def test_a_killed_holder_leaves_no_claim(tmp_path: Path) -> None:
    path = tmp_path / "modelmuxd.lock"
    with holder(path) as first:
        first.kill()
        first.wait()
        second = claim(str(path), patience=0)
    assert path.read_text() == f"{os.getpid()}\n"
    second.release()


def test_waits_for_a_predecessor_that_is_just_ending(tmp_path: Path) -> None:
    path = tmp_path / "modelmuxd.lock"
    with holder(path) as first:
        assert first.stdin is not None
        first.stdin.close()  # it ends by itself while we are trying
        claim(str(path), patience=20).release()


def test_the_file_stays_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "modelmuxd.lock"
    held = claim(str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    held.release()
    held.release()
    assert path.read_bytes() == b""


def test_programs_we_start_do_not_inherit_the_claim(tmp_path: Path) -> None:
    path = str(tmp_path / "modelmuxd.lock")
    held = claim(path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as child:
        held.release()
        claim(path, patience=20).release()  # the kernel closes descriptors a moment after it lets the parent go on
        child.kill()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "modelmuxd.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        claim(str(tmp_path / "modelmuxd.lock"))
    assert not (tmp_path / "elsewhere").exists()
