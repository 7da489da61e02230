"""The hot verbs: what they load, what they send, what they print, and that the full command line does the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from cli_stage import RESULT, RUN, Daemon, daemon, environment, muxctl, script
from muxclients.hot import argv
from muxclients.hot.tables import VERBS
from muxwire import runs
from muxwire.faults import NOT_FOUND, refuse

LOADS = """
import sys, os
before = set(sys.modules)
def tell(code):
    os.write(2, " ".join(sorted(set(sys.modules) - before)).encode())
    leave(code)
leave, os._exit = os._exit, tell
from muxclients.entry import muxctl
muxctl()
"""
ALLOWED = {
    "__future__",
    "_socket",
    "muxclients",
    "muxclients.caller",
    "muxclients.entry",
    "muxclients.hot",
    "muxclients.hot.argv",
    "muxclients.hot.pack",
    "muxclients.hot.pump",
    "muxclients.hot.wire",
    "muxclients.hot.tables",
    "muxwire",
    "muxwire.environ",
    "muxwire.places",
}
HOT_LINES = [
    ["version"],
    ["status"],
    ["status", "--json"],
    ["wait", RUN],
    ["wait", RUN, "--wait", "5"],
    ["cancel", RUN],
    ["cancel", "--all"],
    ["show", RUN],
    ["history", "-n", "3", "--search", "登录", "--json"],
    ["dispatch", "mend", "it", "-p", "codex", "--wait=30"],
]


@pytest.fixture(scope="module")
def stage() -> Iterator[Daemon]:
    with daemon() as running:
        yield running


@pytest.mark.parametrize("words", HOT_LINES, ids=" ".join)
def test_a_hot_verb_loads_next_to_nothing(stage: Daemon, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADS, *words], env=environment(stage), capture_output=True, timeout=40, check=True
    )
    assert done.stdout
    loaded = set(done.stderr.decode().split())
    assert "muxclients.hot.pump" in loaded
    assert loaded <= ALLOWED


LINES = [
    *HOT_LINES,
    ["status", "-n", "3"],
    ["status", "--limit=0", "--json"],
    ["show", "--", RUN],
    ["history", "--stats", "--costs", "--hours", "24", "-w", "here"],
    ["wait", "--wait", "2.5", RUN, "01other"],
    ["dispatch", "--", "-p", "is a word"],
    ["dispatch", "-t", "9", "-r", "2", "--no-failover", "--sandbox", "write", "x"],
    ["dispatch", "--failover", "--background", "--reasoning-effort=high", "--session", "s", "ümlaut 修"],
    ["dispatch", "-w", "/tmp/../tmp", "--priority", "7", "--idempotency-key", "k1", "x"],
    ["dispatch", "--wait", "0", "--cancel-on-interrupt", "a  b", " c "],
]


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_both_ways_in_ask_the_same(stage: Daemon, words: list[str]) -> None:
    assert argv.read(VERBS[words[0]], words[1:]) is not None
    hot = muxctl(stage, *words)
    full = subprocess.run(
        [sys.executable, "-m", "muxclients.cli.main", *words], env=environment(stage), capture_output=True, timeout=40
    )
    assert (hot.returncode, hot.stdout, hot.stderr) == (full.returncode, full.stdout, full.stderr)
    first, second = ((name, normal(params), view) for name, params, view in stage.asked[-2:])
    if words == ["version"]:  # the full way compares versions itself, so it asks for the values
        assert first[:2] == second[:2]
    else:
        assert first == second


def normal(params: object) -> object:
    """Without the key that each process makes for itself."""
    if isinstance(params, runs.DispatchParams) and params.idempotency_key.startswith("cli-"):
        assert len(params.idempotency_key) == 36
        return msgspec.structs.replace(params, idempotency_key="cli")
    return params


@pytest.mark.parametrize(
    "words",
    [
        ["status", "-w"],
        ["status", "--help"],
        ["status", "extra"],
        ["status", "-n", "-1"],
        ["status", "-n", "1001"],
        ["status", "-n", "1_0"],
        ["status", "-n"],
        ["status", "--lim", "3"],
        ["status", "--json=yes"],
        ["show"],
        ["show", RUN, RUN],
        ["wait"],
        ["wait", RUN, "--wait", "nan"],
        ["dispatch", "-pcodex", "x"],
        ["dispatch", "-p", "--json", "x"],
        ["dispatch", "--sandbox", "all", "x"],
        ["dispatch", "-r", "6", "x"],
        ["dispatch", "-t", "9" * 30, "x"],
        ["dispatch", "--background=1", "x"],
        ["dispatch", ""],
    ],
    ids=" ".join,
)
def test_what_is_not_plain_is_left_to_the_full_command_line(words: list[str]) -> None:
    assert argv.read(VERBS[words[0]], words[1:]) is None


def test_dispatch_tells_who_asks_and_from_where(stage: Daemon) -> None:
    muxctl(stage, "dispatch", "x", cwd="/", env={"LC_ALL": "C.UTF-8", "SECRET_KEY": "s", "http_proxy": "p"})
    _, params, _ = stage.asked[-1]
    assert params.workdir == params.origin.workdir == "/"
    assert params.env.values["PATH"] == os.environ["PATH"]
    assert params.env.values["http_proxy"] == "p"
    assert "SECRET_KEY" not in params.env.values


def test_in_a_pipe_dispatch_prints_one_line_of_json(stage: Daemon) -> None:
    done = muxctl(stage, "dispatch", "x")
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 1
    assert list(json.loads(done.stdout))[:11] == list(runs.RunResult.__struct_fields__[:11])
    assert json.loads(done.stdout)["output"] == RESULT.output


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX"])
def test_a_task_arrives_byte_for_byte(stage: Daemon, locale: str) -> None:
    task = "täsk\r\n\t修 🎉\x1b[0m" + "x" * 20_000
    muxctl(stage, "dispatch", task.encode(), env={"LC_ALL": locale})
    assert stage.asked[-1][1].task == task
    muxctl(stage, "dispatch", stdin=task.encode() + b"\n", env={"LC_ALL": locale})
    assert stage.asked[-1][1].task == task + "\n"


def test_words_that_are_no_text_are_refused(stage: Daemon) -> None:
    before = len(stage.asked)
    for done in (muxctl(stage, "dispatch", b"\xff\xfe"), muxctl(stage, "dispatch", stdin=b"\xff")):
        assert done.returncode == 2
        assert b"UTF-8" in done.stderr
        assert b"Traceback" not in done.stderr
    assert len(stage.asked) == before


def test_the_daemon_gets_the_values_it_needs(stage: Daemon) -> None:
    seen = {}

    async def ask(params: object, call: Any) -> runs.RunResult:
        seen.update(await call.need(["A_KEY", "NO_KEY"]))
        return RESULT

    stage.answers["dispatch"], before = ask, stage.answers["dispatch"]
    try:
        done = muxctl(stage, "dispatch", "x", env={"A_KEY": "secret 修"})
    finally:
        stage.answers["dispatch"] = before
    assert done.returncode == 0
    assert seen == {"A_KEY": "secret 修"}


def test_a_fault_is_a_sentence_or_json(stage: Daemon) -> None:
    async def fail(params: object, call: object) -> None:
        raise refuse(NOT_FOUND, "There is no run '01x'.", "See `muxctl status`.")

    stage.answers["show"], before = fail, stage.answers["show"]
    try:
        text = muxctl(stage, "show", "01x")
        machine = muxctl(stage, "show", "01x", "--json")
    finally:
        stage.answers["show"] = before
    assert text.returncode == machine.returncode == 2
    assert text.stdout == b""
    assert text.stderr.decode() == "error: There is no run '01x'.\n  → See `muxctl status`.\n"
    assert json.loads(machine.stdout)["error"]["code"] == "not_found"


def test_a_daemon_of_another_version_is_for_the_full_command_line() -> None:
    with daemon(version="9.9") as other:
        done = muxctl(other, "version", "--json")
        told = json.loads(done.stdout)
        assert (told["version"], told["client"]) == ("9.9", "0.1.0")
        assert muxctl(other, "dispatch", "x").returncode == 0
        assert muxctl(other, "retry", RUN).returncode == 0
        assert [name for name, _, _ in other.asked if name in ("dispatch", "retry")] == ["dispatch", "retry"]


def test_a_reader_that_leaves_ends_it_quietly(stage: Daemon) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [script(), "show", RUN],
            env=environment(stage),
            stdout=writer,
            stderr=subprocess.PIPE,
            timeout=40,
        )
    finally:
        os.close(writer)
    assert done.returncode == 141
    assert done.stderr == b""


def test_an_answer_that_cannot_be_written_is_a_failure(stage: Daemon) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [script(), "show", RUN], env=environment(stage), stdout=full, stderr=subprocess.PIPE, timeout=40
        )
    assert done.returncode == 1
    assert b"No space left" in done.stderr


def test_nothing_is_asked_for_a_closed_stdout(stage: Daemon) -> None:
    before = len(stage.asked)
    line = f"exec {script()} dispatch x >&-"
    done = subprocess.run(["sh", "-c", line], env=environment(stage), stderr=subprocess.PIPE, timeout=40)
    assert done.returncode == 1
    assert done.stderr == b"error: stdout is closed\n"
    assert len(stage.asked) == before
