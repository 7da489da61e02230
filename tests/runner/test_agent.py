"""One agent under its guard, from the first byte to the last process."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import anyio
import pytest
from modelmuxd.domain.invocation import Exit, PlacedFile
from modelmuxd.runner import guard, identity, spool, tree
from modelmuxd.runner.agents import Agents
from modelmuxd.runner.ending import Ending
from modelmuxd.runner.interface import LaunchFailed, OutputLimit
from runner_world import ENV, MODES, alive, can, family, launch_of, nine, py, read_all, sh, until

pytestmark = pytest.mark.anyio

ODD = bytes(range(256)) * 40 + b"\0\xff\xfe\n\r\n\xc3"


@pytest.fixture(params=MODES)
async def agents(request: pytest.FixtureRequest) -> AsyncIterator[Agents]:
    if not can(request.param):
        pytest.skip("no cgroup to be had here")
    async with Agents.open(tree=request.param) as agents:
        yield agents


async def test_bytes_go_through_as_they_are(agents: Agents, tmp_path: Path) -> None:
    process = await agents.launch(launch_of(tmp_path / "a", ["/bin/cat"], stdin=ODD))
    assert await read_all(process) == ODD
    assert await process.ended() == Exit(code=0)
    assert await process.sweep() == 0


@pytest.mark.parametrize("code", [0, 1, 2, 73, 75, 124, 127, 130, 137, 143])
async def test_exit_codes_are_told_exactly(agents: Agents, tmp_path: Path, code: int) -> None:
    process = await agents.launch(launch_of(tmp_path / "a", sh(f"exit {code}")))
    assert await process.ended() == Exit(code=code)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
async def test_a_death_by_signal_is_128_and_the_signal(agents: Agents, tmp_path: Path, number: signal.Signals) -> None:
    process = await agents.launch(launch_of(tmp_path / "a", py(f"import os; os.kill(os.getpid(), {number.value})")))
    assert (await process.ended()).code == 128 + number


async def test_words_stay_words(agents: Agents, tmp_path: Path) -> None:
    words = [
        "-n",
        "--",
        "two words",
        "q\"u'o`te",
        "new\nline",
        "$(touch /tmp/x)",
        "$HOME",
        "",
        "*",
        "\\",
        "x" * 100_000,
    ]
    words += [f"w{n}" for n in range(2000)]
    show = "import os, sys; sys.stdout.buffer.write(b'\\0'.join(map(os.fsencode, sys.argv[1:])))"
    process = await agents.launch(launch_of(tmp_path / "a", py(show, *words)))
    assert (await read_all(process)).decode().split("\0") == words


async def test_the_environment_is_exactly_what_was_given(agents: Agents, tmp_path: Path) -> None:
    hostile = {"d": "1", "r": "$(exit 3)", "s": "a b\n'\"", "ENV": "/nonexistent", "MAIL": "", "PS1": "\x01", "w": "é"}
    launch = launch_of(tmp_path / "a", ["/usr/bin/env", "-0"], env={**ENV, **hostile}, extra={"BASE": "x", "d": "2"})
    process = await agents.launch(launch)
    seen = dict(item.split("=", 1) for item in (await read_all(process)).decode().split("\0") if item)
    for name in ("_", "SHLVL"):  # where sh is bash
        seen.pop(name, None)
    assert seen == {**ENV, **hostile, "BASE": "x", "d": "2", "MODELMUX_ATTEMPT": launch.marker, "PWD": "/"}


@pytest.mark.parametrize("name", ["A.B", "IFS", "OPTIND", "__mux_d", "", "1A", "É"])
async def test_a_name_that_no_shell_passes_on_is_refused(agents: Agents, tmp_path: Path, name: str) -> None:
    with pytest.raises(LaunchFailed, match="environment variable"):
        await agents.launch(launch_of(tmp_path / "a", ["/bin/true"], env={**ENV, name: "secret-value"}))


async def test_an_agent_finds_a_clean_place(agents: Agents, tmp_path: Path) -> None:
    """Own session, default dispositions, no blocked signal, three descriptors, umask 022, its working directory."""
    show = """
import os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
fds = [name for name in os.listdir("/proc/self/fd")]
print(status["SigIgn"].strip(), status["SigBlk"].strip(), status["Umask"].strip(), sep="\\n")
print(sorted(map(int, fds))[:3], len(fds), os.getsid(0), os.getcwd(), sep="\\n")
"""
    old = signal.signal(signal.SIGUSR2, signal.SIG_IGN), signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    keep = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(keep, True)
    try:
        async with Agents.open(tree="subreaper") as started_ignoring:
            process = await started_ignoring.launch(launch_of(tmp_path / "a", py(show), workdir=str(tmp_path)))
            ignored, blocked, umask, *rest = (await read_all(process)).decode().split("\n")
    finally:
        os.close(keep)
        signal.signal(signal.SIGUSR2, old[0])
        signal.pthread_sigmask(signal.SIG_SETMASK, old[1])
    # Python itself ignores SIGPIPE (13) and SIGXFSZ (25); glibc's posix_spawn, 32 and 33, which nobody else can set
    assert int(ignored, 16) & ~(1 << 12 | 1 << 24 | 1 << 31 | 1 << 32) == 0
    assert int(blocked, 16) == 0
    assert umask == "0022"
    descriptors, count, session, where = rest[:4]
    assert (descriptors, count) == ("[0, 1, 2]", "4")  # the fourth is the listing's own
    assert int(session) not in (os.getsid(0), os.getpid())
    assert where == str(tmp_path)


async def test_sigint_reaches_an_agent_that_did_nothing_about_it(agents: Agents, tmp_path: Path) -> None:
    script = "import signal; print(signal.getsignal(2) is signal.default_int_handler, flush=True); signal.pause()"
    process = await agents.launch(launch_of(tmp_path / "a", py(script)))
    async for line in process.output():
        assert line == b"True\n"
        break
    await process.stop("INT", 15)
    assert (await process.ended()).code == 130
    assert b"KeyboardInterrupt" in process.stderr_tail()


async def test_a_stop_right_after_the_launch_is_not_lost(agents: Agents, tmp_path: Path) -> None:
    for n in range(10):
        process = await agents.launch(launch_of(tmp_path / f"a{n}", ["/bin/sleep", "300"]))
        await process.stop("TERM", 15)
        assert (await process.ended()).code in (None, 143)


@pytest.mark.parametrize("how", ["INT", "TERM"])
async def test_a_stop_leaves_nobody(agents: Agents, tmp_path: Path, how: Literal["INT", "TERM"]) -> None:
    process = await agents.launch(launch_of(tmp_path / "a", nine(tmp_path / "pids")))
    await until(lambda: (tmp_path / "pids" / "main").exists())
    assert all(map(alive, family(tmp_path / "pids")))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(process.stop, how, 10)
        tasks.start_soon(process.stop, how, 10)
    assert [pid for pid in family(tmp_path / "pids") if alive(pid)] == []
    assert (await process.ended()).code == (130 if how == "INT" else 143)
    await process.stop("TERM", 1)


async def test_an_agent_that_ignores_signals_is_killed(agents: Agents, tmp_path: Path) -> None:
    script = "trap '' TERM INT; echo up; while :; do sleep 1; done"
    process = await agents.launch(launch_of(tmp_path / "a", sh(script)))
    async for _ in process.output():
        break
    await process.stop("TERM", 0.1)
    assert (await process.ended()).code == 137


async def test_a_sweep_after_a_normal_end_leaves_nobody(agents: Agents, tmp_path: Path) -> None:
    process = await agents.launch(launch_of(tmp_path / "a", nine(tmp_path / "pids", "leave")))
    assert await process.ended() == Exit(code=0)
    assert await process.sweep() == 8
    assert [pid for pid in family(tmp_path / "pids") if alive(pid)] == []


async def test_a_guard_that_was_killed_has_vanished_and_its_agent_is_found(agents: Agents, tmp_path: Path) -> None:
    marker = f"t-{os.getpid()}-killed"
    process = await agents.launch(launch_of(tmp_path / "a", sh('echo $$ "$PPID"; exec sleep 300'), marker=marker))
    async for line in process.output():
        agent, guarding = map(int, line.split())
        break
    os.kill(guarding, signal.SIGKILL)
    assert await process.ended() == Exit(code=None)
    assert alive(agent)
    assert await process.sweep() >= 1
    assert not alive(agent)
    assert tree.find(marker, None) == set()  # its watcher neither


async def test_a_stopped_guard_does_not_hold_a_stop_up(agents: Agents, tmp_path: Path) -> None:
    process = await agents.launch(launch_of(tmp_path / "a", sh('echo $$ "$PPID"; exec sleep 300')))
    async for line in process.output():
        agent, guarding = map(int, line.split())
        break
    os.kill(guarding, signal.SIGSTOP)
    await process.stop("TERM", 0.1)
    assert not alive(agent)
    assert not alive(guarding)
    assert await process.ended() == Exit(code=None)


async def test_output_comes_as_it_is_written_and_from_any_offset(agents: Agents, tmp_path: Path) -> None:
    script = f"echo one; until [ -e {tmp_path}/go ]; do sleep 0.01; done; echo two"
    process = await agents.launch(launch_of(tmp_path / "a", sh(script)))
    got = []
    async for piece in process.output():
        got.append(piece)
        (tmp_path / "go").touch()
    assert got == [b"one\n", b"two\n"]
    assert await read_all(process, 4) == b"two\n"
    assert await read_all(process, 8) == b""


async def test_two_may_follow_one_agent(agents: Agents, tmp_path: Path) -> None:
    process = await agents.launch(launch_of(tmp_path / "a", sh("for n in 1 2 3; do echo $n; sleep 0.02; done")))
    got: list[bytes] = []

    async def follow() -> None:
        got.append(await read_all(process))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(follow)
        tasks.start_soon(follow)
    assert got == [b"1\n2\n3\n"] * 2


async def test_large_output_comes_whole_in_small_pieces(agents: Agents, tmp_path: Path) -> None:
    script = "import sys\nfor n in range(64): sys.stdout.buffer.write(bytes([n]) * 1000003)"
    process = await agents.launch(launch_of(tmp_path / "a", py(script)))
    digest, size = hashlib.sha256(), 0
    async for piece in process.output():
        assert len(piece) <= 256 * 1024
        digest.update(piece)
        size += len(piece)
    assert size == 64 * 1000003
    assert digest.digest() == hashlib.sha256(b"".join(bytes([n]) * 1000003 for n in range(64))).digest()


async def test_output_past_the_limit_keeps_what_came(tmp_path: Path) -> None:
    async with Agents.open(output_limit=300_000) as agents:
        process = await agents.launch(launch_of(tmp_path / "a", sh("exec yes")))
        got: list[bytes] = []

        async def follow() -> None:
            async for piece in process.output():
                got.append(piece)  # noqa: PERF401 - what came before the error counts

        with pytest.raises(OutputLimit):
            await follow()
        assert len(b"".join(got)) == 300_000
        await process.stop("TERM", 5)
        assert (await process.ended()).code == 143


async def test_without_inotify_and_pidfd_the_ticker_sees_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    async with Agents.open(inotify=False) as agents:
        process = await agents.launch(launch_of(tmp_path / "a", sh("echo one; sleep 0.1; echo two; exit 7")))
        assert await read_all(process) == b"one\ntwo\n"
        assert await process.ended() == Exit(code=7)
        stopped = await agents.launch(launch_of(tmp_path / "b", ["/bin/sleep", "300"]))
        await stopped.stop("TERM", 15)
        assert (await stopped.ended()).code in (None, 143)


async def test_placed_files_lie_beside_and_nobody_else_reads_them(agents: Agents, tmp_path: Path) -> None:
    files = (PlacedFile("schema.json", b"{}"),)
    process = await agents.launch(launch_of(tmp_path / "a", ["/bin/true"], files=files))
    await process.ended()
    assert (tmp_path / "a" / "schema.json").read_bytes() == b"{}"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "a").iterdir()} == {0o600}


async def test_what_cannot_start_says_why(agents: Agents, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    for argv, why in [(["no-such-cli"], "no-such-cli"), ([str(tmp_path / "plain")], "plain"), (["eval", "x"], "eval")]:
        with pytest.raises(LaunchFailed, match=why):
            await agents.launch(launch_of(tmp_path / "a", argv))
    with pytest.raises(LaunchFailed, match="gone"):
        await agents.launch(launch_of(tmp_path / "b", ["/bin/true"], workdir=str(tmp_path / "gone")))
    with pytest.raises(LaunchFailed, match=r"(?i)argument list too long"):
        await agents.launch(launch_of(tmp_path / "c", ["/bin/true", "x" * 200_000]))
    with pytest.raises(LaunchFailed, match="null"):
        await agents.launch(launch_of(tmp_path / "d", ["/bin/true", "a\0b"]))
    with pytest.raises(LaunchFailed, match="cannot be called"):
        await agents.launch(launch_of(tmp_path / "e", ["/bin/true"], files=(PlacedFile("../x", b""),)))


async def test_a_second_launch_into_a_folder_is_refused(agents: Agents, tmp_path: Path) -> None:
    process = await agents.launch(launch_of(tmp_path / "a", ["/bin/true"]))
    with pytest.raises(LaunchFailed):
        await agents.launch(launch_of(tmp_path / "a", ["/bin/true"]))
    assert await process.ended() == Exit(code=0)


async def test_a_guard_that_lost_its_attempt_says_so(agents: Agents, tmp_path: Path) -> None:
    launch = launch_of(tmp_path / "a", ["/bin/true"])
    ready = await agents._prepare(launch)
    assert spool.claim(tmp_path / "a")
    pid = guard.spawn(ready, agents._alive)
    ending = Ending(identity.of(pid), agents._ticker, child=True, marker=launch.marker)
    process = agents._agent(launch.folder, launch.marker, ready.cgroup, ending)
    with pytest.raises(LaunchFailed, match="already claimed"):
        await process.ended()
    await process.sweep()


async def test_nothing_stays_open(tmp_path: Path) -> None:
    async with Agents.open() as agents:
        for n in range(3):
            process = await agents.launch(launch_of(tmp_path / f"warm{n}", ["/bin/echo"]))
            await read_all(process)
            await process.sweep()
        before = len(os.listdir("/proc/self/fd"))
        for n in range(20):
            process = await agents.launch(launch_of(tmp_path / f"a{n}", ["/bin/echo"]))
            await read_all(process)
            await process.sweep()
        assert len(os.listdir("/proc/self/fd")) == before


async def test_many_agents_at_once(agents: Agents, tmp_path: Path) -> None:
    done: list[bytes] = []

    async def one(n: int) -> None:
        process = await agents.launch(launch_of(tmp_path / f"a{n}", ["/bin/echo", str(n)]))
        done.append(await read_all(process))
        assert await process.ended() == Exit(code=0)
        await process.sweep()

    async with anyio.create_task_group() as tasks:
        for n in range(40):
            tasks.start_soon(one, n)
    assert sorted(map(int, done)) == list(range(40))
