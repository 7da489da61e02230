"""A short program of ours or the user's own, started by the daemon itself: bounded, and gone with the daemon.

Unlike an agent it has no guard: nobody waits for it, and it can be done again.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

import anyio

SHOWN = 400
"""Characters of what it says that are kept."""


async def run_errand(argv: Sequence[str], stdin: bytes, env: Mapping[str, str], seconds: float) -> str:
    """Empty when it ended well in time, else why not. Its whole process group ends with the time, or with us."""
    try:
        process = await anyio.open_process(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(env),
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        return f"{argv[0]}: {error.strerror or error}"
    try:
        with anyio.fail_after(seconds):
            return await _finished(process, stdin)
    except TimeoutError:
        return f"it took more than {seconds:.0f} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with anyio.CancelScope(shield=True):
            await process.aclose()


async def _finished(process: anyio.abc.Process, stdin: bytes) -> str:
    assert process.stdin is not None
    assert process.stderr is not None
    said = b""
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # a program need not read what it is told
        await process.stdin.send(stdin)
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        await process.stdin.aclose()
    with suppress(anyio.EndOfStream):
        while True:
            said = (said + await process.stderr.receive())[-SHOWN:]
    code = await process.wait()
    return "" if code == 0 else said.decode("utf-8", "replace").strip() or f"exit code {code}"
