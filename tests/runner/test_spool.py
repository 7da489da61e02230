"""The attempt's folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.domain.invocation import Invocation, PlacedFile
from modelmuxd.runner import identity, spool


def test_a_new_folder_is_blank_and_private(tmp_path: Path) -> None:
    spool.create(tmp_path / "x" / "a", Invocation(argv=("a",), stdin=b"\0\xff"), "/sys/fs/cgroup/a b")
    assert spool.read(tmp_path / "x" / "a") == spool.Status(boot=identity.boot_id(), cgroup="/sys/fs/cgroup/a b")
    assert (tmp_path / "x" / "a" / "in").read_bytes() == b"\0\xff"
    assert (tmp_path / "x" / "a" / "who").stat().st_size >= spool.HEAD
    assert (tmp_path / "x" / "a" / "rc").stat().st_size == spool.STATUS


def test_nobody_creates_it_twice(tmp_path: Path) -> None:
    spool.create(tmp_path, Invocation(argv=("a",)))
    with pytest.raises(FileExistsError):
        spool.create(tmp_path, Invocation(argv=("a",)))


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "rc", "claim", "x\0y"])
def test_a_placed_file_stays_in_its_place(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        spool.create(tmp_path / "a", Invocation(argv=("a",), files=(PlacedFile(name, b""),)))
    assert not (tmp_path / "a").exists()


def test_only_the_first_claims(tmp_path: Path) -> None:
    spool.create(tmp_path / "a", Invocation(argv=("a",)))
    assert spool.claim(tmp_path / "a")
    assert not spool.claim(tmp_path / "a")
    assert spool.read(tmp_path / "a").abandoned
    assert spool.claim(tmp_path / "gone")


def test_a_missing_folder_tells_nothing(tmp_path: Path) -> None:
    assert spool.read(tmp_path / "gone") == spool.Status()
    assert spool.tail(tmp_path / "gone", 10) == b""


def test_a_tail_is_the_end(tmp_path: Path) -> None:
    (tmp_path / "err").write_bytes(b"0123456789")
    assert spool.tail(tmp_path / "err", 4) == b"6789"
    assert spool.tail(tmp_path / "err", 400) == b"0123456789"


@given(who=st.binary(max_size=600), rc=st.binary(max_size=20))
def test_whatever_is_in_the_files_reading_does_not_raise(
    tmp_path_factory: pytest.TempPathFactory, who: bytes, rc: bytes
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    (folder / "who").write_bytes(who)
    (folder / "rc").write_bytes(rc)
    assert spool.read(folder).code is None or rc.split()[0].isdigit()
