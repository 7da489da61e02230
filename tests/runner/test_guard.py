"""The guard's own promises, in every shell there is."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from modelmuxd.domain.invocation import Invocation
from modelmuxd.runner import guard, spool
from runner_world import ENV, alive, carriers, sh, wait_until

SHELLS = [["/bin/dash"], ["/bin/bash", "--posix"], ["/bin/busybox", "sh"]]


@pytest.fixture(
    params=[words for words in SHELLS if os.access(words[0], os.X_OK)], ids=lambda words: Path(words[0]).name
)
def shell(request: pytest.FixtureRequest) -> list[str]:
    """Each shell that this machine has."""
    return list(request.param)


@pytest.fixture
def living() -> Iterator[int]:
    """The end of the pipe that tells a guard that its daemon lives."""
    reading, writing = os.pipe()
    yield reading
    os.close(reading)
    os.close(writing)


@pytest.fixture
def dead() -> Iterator[int]:
    reading, writing = os.pipe()
    os.close(writing)
    yield reading
    os.close(reading)


def guarding(folder: Path, argv: list[str], deadline: float = 60) -> guard.Guard:
    return guard.Guard(
        folder=folder,
        marker=f"guard-{os.getpid()}-{folder.parent.name}",
        argv=tuple(argv),
        workdir="/",
        env=ENV,
        deadline=deadline,
        umask=0o22,
    )


def exit_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_fifty_guards_on_one_attempt_start_it_once(tmp_path: Path, shell: list[str], living: int) -> None:
    one = guarding(tmp_path / "a", sh(f"echo started >>{tmp_path}/starts"))
    spool.create(one.folder, Invocation(argv=one.argv))
    pids = [guard.spawn(one, living, shell) for _ in range(50)]
    assert sorted(map(exit_of, pids)) == [0] + [guard.CLAIMED] * 49
    assert (tmp_path / "starts").read_text() == "started\n"
    assert spool.read(one.folder).code == 0


def test_the_deadline_is_kept_without_a_daemon(tmp_path: Path, shell: list[str], dead: int) -> None:
    one = guarding(tmp_path / "a", sh("sleep 300 & setsid sleep 300 & wait"), deadline=0.2)
    spool.create(one.folder, Invocation(argv=one.argv))
    assert exit_of(guard.spawn(one, dead, shell)) == 0
    status = spool.read(one.folder)
    assert (status.code, status.expired) == (143, True)
    assert carriers(one.marker) == []


def test_an_agent_that_ignores_the_deadlines_signal_is_killed(tmp_path: Path, dead: int) -> None:
    one = guarding(tmp_path / "a", sh("trap '' TERM; sleep 300; sleep 300"), deadline=0.2)
    spool.create(one.folder, Invocation(argv=one.argv))
    assert exit_of(guard.spawn(one, dead)) == 0
    status = spool.read(one.folder)
    assert (status.code, status.expired) == (137, True)
    assert carriers(one.marker) == []


def test_the_deadline_holds_when_the_guard_is_gone_too(tmp_path: Path, dead: int) -> None:
    one = guarding(tmp_path / "a", sh("echo $$; exec sleep 300"), deadline=1)
    spool.create(one.folder, Invocation(argv=one.argv))
    pid = guard.spawn(one, dead)
    wait_until(lambda: (one.folder / "out").read_bytes())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    agent = int((one.folder / "out").read_text())
    assert alive(agent)
    wait_until(lambda: carriers(one.marker) == [])
    assert spool.read(one.folder).code is None
    assert spool.read(one.folder).expired


def test_a_group_signal_does_not_keep_the_status_from_being_written(
    tmp_path: Path, shell: list[str], living: int
) -> None:
    one = guarding(tmp_path / "a", sh("echo up; exec sleep 300"))
    spool.create(one.folder, Invocation(argv=one.argv))
    pid = guard.spawn(one, living, shell)
    wait_until(lambda: (one.folder / "out").read_bytes())
    os.killpg(pid, signal.SIGTERM)
    assert exit_of(pid) == 0
    assert spool.read(one.folder).code == 143


@pytest.mark.parametrize(("missing", "code"), [("in", guard.NO_SPOOL), ("who", guard.NO_STATUS)])
def test_a_broken_folder_is_told_from_an_agents_failure(
    tmp_path: Path, shell: list[str], living: int, missing: str, code: int
) -> None:
    one = guarding(tmp_path / "a", ["/bin/touch", f"{tmp_path}/started"])
    spool.create(one.folder, Invocation(argv=one.argv))
    (one.folder / missing).unlink()
    if missing == "who":
        (one.folder / missing).mkdir()
    assert exit_of(guard.spawn(one, living, shell)) == code
    assert spool.read(one.folder).code is None
    assert not (tmp_path / "started").exists()
    wait_until(lambda: carriers(one.marker) == [])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("may not mount a tmpfs here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_loses_output_but_no_status(small_disk: Path, shell: list[str], living: int) -> None:
    one = guarding(small_disk / "a", sh("head -c 1000000 /dev/zero; exit 42"))
    spool.create(one.folder, Invocation(argv=one.argv))
    assert exit_of(guard.spawn(one, living, shell)) == 0
    assert os.statvfs(small_disk).f_bavail == 0
    assert spool.read(one.folder).code == 42


def test_a_disk_that_is_full_before_the_start_loses_nothing_of_ours(small_disk: Path, living: int) -> None:
    """The claim needs no room, nor does an abandoned attempt."""
    one = guarding(small_disk / "a", ["/bin/true"])
    spool.create(one.folder, Invocation(argv=one.argv))
    other = small_disk / "b"
    spool.create(other, Invocation(argv=one.argv))
    assert subprocess.run(["dd", "if=/dev/zero", f"of={small_disk}/fill"], capture_output=True).returncode != 0
    assert exit_of(guard.spawn(one, living)) == 0
    assert spool.read(one.folder).code == 0
    assert spool.claim(other)
    assert spool.read(other).abandoned


def test_no_secret_is_in_a_command_line_or_a_repr(tmp_path: Path) -> None:
    one = guard.Guard(
        folder=tmp_path, marker="m", argv=("/x",), workdir="/", env={"KEY": "s3cret"}, deadline=1, umask=0o22
    )
    assert "s3cret" not in repr(one)
    assert not any("s3cret" in word for word in guard.command(one))


def test_a_far_deadline_is_a_number_a_shell_can_compare(tmp_path: Path) -> None:
    one = guarding(tmp_path, ["/x"], deadline=float("inf"))
    moment = guard.command(one)[7]
    assert moment.isdigit()
    assert len(moment) < 12
