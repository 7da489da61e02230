"""Network file systems are told by the mount table."""

from __future__ import annotations

from pathlib import Path

import pytest
from modelmuxd.store.filesystem import NETWORK, kind_of, refuse_network_folder
from muxwire.faults import CONFIG, FaultError

MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /home rw,relatime shared:9 master:1 - nfs4 server:/export/home rw,vers=4.2
31 30 0:41 / /home/me/local\040disk rw - xfs /dev/vdb rw
32 22 0:42 / /mnt/c rw,noatime - 9p C:\134 rw
33 22 0:43 / /mnt/over rw - nfs old:/ rw
34 22 0:44 / /mnt/over rw - ext4 /dev/vdc rw
35 22 0:45 / /homestead rw - btrfs /dev/vdd rw
a line that is none
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/home", "nfs4"),
        ("/home/me/.local/state", "nfs4"),
        ("/home/me/local disk/state", "xfs"),
        ("/mnt/c/Users/me", "9p"),
        ("/mnt/over/there", "ext4"),
        ("/homestead/me", "btrfs"),
    ],
)
def test_the_longest_and_latest_mount_point_counts(path: str, kind: str) -> None:
    assert kind_of(path, MOUNTS) == kind


def test_no_mounts_no_answer() -> None:
    assert kind_of("/home", "") == ""


def test_a_network_folder_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"30 22 0:40 / {tmp_path} rw - cifs //server/share rw\n")
    with pytest.raises(FaultError) as caught:
        refuse_network_folder(tmp_path / "state", mounts=table)
    assert caught.value.fault.code == CONFIG
    assert "cifs" in caught.value.fault.message


def test_this_machine_can_be_asked(tmp_path: Path) -> None:
    refuse_network_folder(tmp_path)
    assert "ext4" not in NETWORK
