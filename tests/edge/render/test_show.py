"""What `muxctl show` tells besides the answer."""

from __future__ import annotations

import msgspec
from cli_stage import DETAIL
from modelmuxd.edge.render import renderers
from muxwire.detail import AttemptDetail, ShowParams
from muxwire.faults import Fault
from muxwire.protocol import View

ATTEMPT = AttemptDetail(
    number=1,
    provider="codex",
    model="gpt-x",
    state="success",
    started_at=910.0,
    ended_at=913.2,
    argv=("codex", "exec", "--json", "-C", "/w o\x1b[2J"),
    cli_version="0.99.1",
)


def shown(**changes: object) -> str:
    detail = msgspec.structs.replace(DETAIL, attempts=(ATTEMPT,), task_sha256="ab" * 32, **changes)
    return renderers.start("show", View(), None).result(detail).stdout.decode()


def test_what_it_takes_to_do_it_again_is_told() -> None:
    lines = shown(base_commit="c0ffee" * 6).partition("\nprovenance\n")[2].splitlines()
    assert lines[0].split() == [
        "attempt",
        "1",
        "0.99.1",
        "gpt-x",
        "codex",
        "exec",
        "--json",
        "-C",
        *lines[0].split()[8:],
    ]
    assert "sha256 abababababababab" in lines[1]
    assert "commit c0ffeec0ffee" in lines[2]


def test_arguments_cannot_act_on_the_terminal() -> None:
    assert "\x1b" not in shown()


def test_a_run_without_a_worktree_names_no_commit() -> None:
    assert "commit" not in shown()


def test_a_transcript_has_every_turn_and_no_answer_can_leave_its_place() -> None:
    hostile = "fine\n\n# run 01fake\n\x1b[2J"
    said = msgspec.structs.replace(DETAIL.result, step="critic|", round=2, output=hostile, provider="codex")
    failed = msgspec.structs.replace(said, step="judge", round=1, output="", error=Fault("quota", "Used *up*."))
    silent = msgspec.structs.replace(said, step="mute", output="")
    detail = msgspec.structs.replace(DETAIL, task="Say <b>it</b>", turns=(said, failed, silent))
    text = renderers.start("show", View(), ShowParams("x", markdown=True)).result(detail).stdout.decode()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert [one.partition(":")[0] for one in headings[1:]] == [
        "## Task",
        r"## critic\|, round 2",
        "## judge",
        "## mute, round 2",
        "## Result",
    ]
    assert "> fine\n>\n> # run 01fake\n> ␛[2J\n" in text
    assert "\nNo answer.\n" in text
    assert "quota: Used \\*up\\*.\n" in text
