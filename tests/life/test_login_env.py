from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import anyio
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelmuxd.life.login_env import LoginEnvironment, parse, read_login_env, shell_command

pytestmark = pytest.mark.anyio

BASH = shutil.which("bash")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def env_of(home: Path, shell: str | None = BASH) -> dict[str, str]:
    assert shell is not None
    return {"HOME": str(home), "SHELL": shell, "DAEMONS_OWN": "x", "XDG_RUNTIME_DIR": "/run/x"}


@pytest.mark.skipif(BASH is None, reason="needs bash")
async def test_start_up_files_speak_and_the_daemons_own_is_absent(home: Path) -> None:
    (home / ".bash_profile").write_text(
        "echo noise; export PATH=/mine:$PATH KEY=$'two\\nlines=1' XDG_RUNTIME_DIR=/no\n"
        "export SEEN=$MODELMUX_RESOLVING_ENVIRONMENT; read -r line; export ASKED=$?; sleep 1000 &\n"
    )
    found = await read_login_env(env_of(home), cap=30)
    assert found["PATH"].startswith("/mine:")
    assert found["KEY"] == "two\nlines=1"
    assert found["SEEN"] == "1"
    assert found["ASKED"] == "1", "stdin is closed: nothing waits for an answer"
    assert {"XDG_RUNTIME_DIR", "DAEMONS_OWN", "MODELMUX_RESOLVING_ENVIRONMENT"}.isdisjoint(found)
    left = [process for process in psutil.process_iter(["cmdline", "cwd"]) if process.info["cwd"] == str(home)]
    assert [process.info["cmdline"] for process in left] == [["sleep", "1000"]]
    left[0].kill()


@pytest.mark.skipif(BASH is None, reason="needs bash")
async def test_a_shell_that_hangs_is_killed_with_all_it_started(home: Path) -> None:
    (home / ".bash_profile").write_text("sleep 1000 & echo $! >pids; (sleep 1000 & echo $! >>pids; wait)\n")
    assert await read_login_env(env_of(home), cap=0.5) == {}
    deadline = time.monotonic() + 20
    while any(psutil.pid_exists(int(pid)) and _alive(int(pid)) for pid in (home / "pids").read_text().split()):
        assert time.monotonic() < deadline
        await anyio.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_shell_that_is_none_gives_nothing(home: Path) -> None:
    assert await read_login_env(env_of(home, "/bin/false")) == {}
    assert await read_login_env(env_of(home, str(home / "missing"))) == {}
    assert await read_login_env(env_of(home, "not-absolute")) == {}


@pytest.mark.skipif(BASH is None, reason="needs bash")
async def test_is_read_once_and_again_after_refresh(home: Path) -> None:
    (home / ".bash_profile").write_text("echo x >>count; export SECRET=hunter2\n")
    login = LoginEnvironment(env_of(home), cap=30)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(login.get)
    assert (home / "count").read_text() == "x\n"
    assert "hunter2" not in repr(await login.get())
    login.refresh()
    await login.get()
    assert (home / "count").read_text() == "x\nx\n"


def test_csh_gets_no_l_flag() -> None:
    assert shell_command("/bin/tcsh", "m")[1] == "-ic"
    assert shell_command("/usr/bin/fish", "m")[1] == "-ilc"


@given(st.dictionaries(st.from_regex(r"[A-Z]{3,9}", fullmatch=True), st.binary().filter(lambda b: b"\0" not in b)))
def test_every_value_survives(env: dict[str, bytes]) -> None:
    mark = b"0123456789abcdef0123456789abcdef"
    body = b"\0".join(os.fsencode(name) + b"=" + value for name, value in env.items())
    kept = {name: os.fsdecode(value) for name, value in env.items() if name not in ("PWD", "TERM", "SHLVL", "OLDPWD")}
    assert parse(b"noise=1\0" + mark + body + mark + b"more", mark) == kept


@given(st.binary())
def test_junk_gives_nothing(junk: bytes) -> None:
    assert parse(junk, b"0123456789abcdef") == {}
