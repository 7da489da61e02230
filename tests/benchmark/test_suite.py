"""The tasks that we ship: each check refuses the task as it is given, and takes a solution."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from modelmuxd.engine.benchmark.cells import Cell, trial_of
from modelmuxd.engine.benchmark.suite import Exercise, choose, parse, read
from modelmuxd.runner.exercise import make
from muxwire.faults import FaultError

pytestmark = pytest.mark.anyio

SOLUTIONS = Path(__file__).parent / "solutions"
SUITE = read()
GOOD = 'kind = "bug"\ntitle = "t"\nprompt = "p"\ncheck = ["true"]\nfiles."a.txt" = "a"\n'


def checked(name: str, exercise: Exercise, place: Path) -> subprocess.CompletedProcess[str]:
    trial = trial_of(Cell("codex", name, exercise, 1), python=sys.executable, hidden=str(place / "hidden"))
    return subprocess.run(
        trial.check, cwd=place / "repo", capture_output=True, text=True, timeout=trial.timeout, check=False
    )


def test_there_are_enough_and_of_many_kinds() -> None:
    assert 12 <= len(SUITE) <= 20
    assert len({one.kind for one in SUITE.values()}) >= 8
    assert {one.name for one in SOLUTIONS.iterdir()} == set(SUITE)


@pytest.mark.parametrize("name", SUITE)
async def test_a_check_tells_a_solution_from_the_task_as_it_is_given(name: str, tmp_path: Path) -> None:
    exercise, place = SUITE[name], tmp_path / "place"
    await make(place, exercise.files, exercise.hidden, dict(os.environ))
    given = checked(name, exercise, place)
    assert given.returncode != 0
    for file in (SOLUTIONS / name).rglob("*.txt"):
        target = place / "repo" / file.relative_to(SOLUTIONS / name).with_suffix("")
        target.write_bytes(file.read_bytes())
    solved = checked(name, exercise, place)
    assert solved.returncode == 0, solved.stdout + solved.stderr


async def test_a_repository_is_made_once_and_holds_nothing_of_the_check(tmp_path: Path) -> None:
    exercise = SUITE["bug-pages"]
    for _ in range(2):
        await make(tmp_path / "place", exercise.files, exercise.hidden, dict(os.environ))
    git = ["git", "-C", str(tmp_path / "place/repo"), "ls-tree", "-r", "--name-only", "HEAD"]
    ran = await anyio.run_process(git)
    assert ran.stdout.decode().split() == sorted(exercise.files)
    assert [one.name for one in tmp_path.iterdir()] == ["place"]


def test_another_text_is_another_task() -> None:
    one, other = (parse("a", GOOD.replace('"p"', words), "a.toml") for words in ('"p"', '"q"'))
    assert one.digest != other.digest == parse("b", GOOD.replace('"p"', '"q"'), "b.toml").digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("a.txt", "../a.txt"), "does not stay"),
        (GOOD.replace("a.txt", "/etc/a"), "does not stay"),
        (GOOD.replace("a.txt", ".git/config"), "does not stay"),
        (GOOD.replace("a.txt", ".modelmux/profiles.toml"), "does not stay"),
        (GOOD + 'more = "x"\n', "more"),
        (GOOD.replace('kind = "bug"\n', ""), "kind"),
        (GOOD.replace('["true"]', "[]"), "check"),
        ("kind = ", "a.toml"),
        ("x = " + "[" * 5000, "a.toml"),
    ],
)
def test_a_task_that_is_wrong_is_refused_by_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse("a", text, "a.toml")
    assert caught.value.fault.code == "config"
    assert told in caught.value.fault.message


def test_a_suite_of_ones_own_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="holds no task"):
        read(str(tmp_path))
    (tmp_path / "mine.toml").write_text(GOOD)
    suite = read(str(tmp_path))
    assert list(suite) == ["mine"]
    with pytest.raises(FaultError, match="Did you mean 'mine'"):
        choose(suite, ("mime",))
    (tmp_path / "Bad Name.toml").write_text(GOOD)
    with pytest.raises(FaultError, match="a task's name"):
        read(str(tmp_path))
