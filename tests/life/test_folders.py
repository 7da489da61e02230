from __future__ import annotations

import os
from pathlib import Path

import pytest
from muxwire.faults import FaultError
from muxwire.folders import private_folder


def test_missing_parents_are_made_private_too(tmp_path: Path) -> None:
    private_folder(str(tmp_path / "a" / "b"))
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b")] == [0o700, 0o700]


def test_a_folder_open_to_others_is_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o750)
    with pytest.raises(FaultError, match="mode 750") as caught:
        private_folder(str(folder))
    assert f"chmod 700 {folder}" in caught.value.fault.hint
    assert folder.stat().st_mode & 0o777 == 0o750, "what others may have prepared is not mended"


def test_a_link_is_refused_even_to_a_good_folder(tmp_path: Path) -> None:
    private_folder(str(tmp_path / "good"))
    (tmp_path / "link").symlink_to(tmp_path / "good")
    with pytest.raises(FaultError, match="is a link"):
        private_folder(str(tmp_path / "link"))


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FaultError, match="is not a folder"):
        private_folder(str(tmp_path / "file"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make another user's folder")
def test_another_users_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    with pytest.raises(FaultError, match="belongs to user 65534"):
        private_folder(str(folder))
