"""Where our cgroup is, from what the kernel says; and real cgroups where they can be had."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from modelmuxd.runner import cgroup
from runner_world import can, wait_until

HYBRID = """31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
UNIFIED = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
CONTAINED = "30 23 0:26 /docker/abc /sys/fs/cg\\040roup rw - cgroup2 cgroup rw\n"
V1_ONLY = "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"


@pytest.mark.parametrize(
    ("mounts", "own", "home"),
    [
        (HYBRID, "4:memory:/x\n0::/\n", "/sys/fs/cgroup/unified"),
        (UNIFIED, "0::/user.slice/user-1.slice/a b.scope\n", "/sys/fs/cgroup/user.slice/user-1.slice/a b.scope"),
        (CONTAINED, "0::/docker/abc/sub\n", "/sys/fs/cg roup/sub"),
        (CONTAINED, "0::/docker/abcd\n", None),
        (UNIFIED, "0::/../elsewhere\n", None),
        (UNIFIED, "4:memory:/x\n", None),
        (V1_ONLY, "0::/\n", None),
        ("", "", None),
        (UNIFIED, "0::/a/modelmux.01ab-1/deeper\n", "/sys/fs/cgroup/a"),
        (UNIFIED, "0::/modelmux.01ab-1\n", "/sys/fs/cgroup"),
    ],
)
def test_our_own_place(mounts: str, own: str, home: str | None) -> None:
    assert cgroup.home(mounts, own) == (Path(home) if home else None)


@pytest.mark.skipif(not can("cgroup"), reason="no cgroup to be had here")
def test_a_tree_dies_with_its_cgroup_and_those_below() -> None:
    base = cgroup.probe()
    assert base is not None
    group = cgroup.path(base, f"test-{os.getpid()}")
    cgroup.make(group)
    script = 'mkdir "$0/below"; echo 0 >"$0/cgroup.procs"; sleep 300 & echo 0 >"$0/below/cgroup.procs"; exec sleep 300'
    process = subprocess.Popen(["/bin/sh", "-c", script, str(group)])
    wait_until(lambda: len(cgroup.members(group)) == 2)
    assert not cgroup.remove(group)
    cgroup.kill(group)
    process.wait()
    wait_until(lambda: not cgroup.members(group))
    assert cgroup.remove(group)
    assert not group.exists()
    assert cgroup.remove(group)
    assert cgroup.members(group) == []
