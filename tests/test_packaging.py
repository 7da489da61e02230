"""The built distribution: what the wheel holds, that it installs alone, and that the pins are whole."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REPOSITORY = Path(__file__).parents[1]
MAX_WHEEL = 1_000_000
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==\S+", re.M)


def build(kind: str, source: Path, folder: Path) -> Path:
    """A wheel or an sdist, by the build backend itself: no network and no second tool."""
    code = f"import hatchling.build as b, sys; print(b.build_{kind}(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, folder], cwd=source, capture_output=True, text=True, timeout=50, check=True
    )
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is tracked or new, so that building leaves nothing in the tree and sees no leftovers."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git clone: what belongs to the source is not known")
    target = tmp_path_factory.mktemp("source")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (REPOSITORY / name).is_file() and not name.startswith("tests/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name)
    return target


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel put in by pip. It borrows this one's dependencies by path, which does not
    bring our editable install along: `.pth` files count only in an interpreter's own site folder."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True, symlinks=True)
    pip: list[str | Path] = [
        folder / "bin/python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*pip, wheel], capture_output=True, check=True, timeout=50)
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_the_three_packages_and_what_they_read(wheel: Path) -> None:
    held = names(wheel)
    for root, package in {"shared": "muxwire", "daemon": "modelmuxd", "clients": "muxclients"}.items():
        here = {
            path.relative_to(REPOSITORY / root).as_posix()
            for path in (REPOSITORY / root / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert here - held == set()
        assert f"{package}/py.typed" in held
    for units in ("systemd", "launchd"):
        for unit in (REPOSITORY / units).iterdir():
            assert unit.name.startswith(".") or f"modelmux_units/{units}/{unit.name}" in held


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in names(wheel)}
    assert tops - {"modelmux_units"} == {"muxwire", "modelmuxd", "muxclients", "modelmux-0.1.0.dist-info"}


def test_wheel_is_small_and_pure(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    assert wheel.stat().st_size < MAX_WHEEL


def test_sdist_builds_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    sdist = build("sdist", source, tmp_path)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    unpacked = next((tmp_path / "unpacked").iterdir())
    assert names(build("wheel", unpacked, tmp_path)) == names(wheel)


def test_installed_wheel_runs(installed: Path, tmp_path: Path) -> None:
    """From the repository's root, whose folders `shared`, `daemon` and `clients` must not get in the way."""
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "MODELMUX_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [installed / "muxctl", "version", "--json"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert done.returncode == 0, done.stderr
        assert '"version":"0.1.0"' in done.stdout.replace(" ", "")
    finally:
        subprocess.run([installed / "muxctl", "daemon", "stop", "--kill"], env=environment, timeout=50, check=False)


def test_installed_packages_come_from_the_wheel(installed: Path) -> None:
    code = "import muxwire, modelmuxd, muxclients; print(muxwire.__file__, modelmuxd.__file__, muxclients.__file__)"
    done = subprocess.run(
        [installed / "python", "-P" if sys.version_info >= (3, 11) else "-s", "-c", code],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert all(str(installed.parent) in path for path in done.stdout.split())


def test_pins_are_whole_and_name_no_host() -> None:
    """Every declared dependency is pinned with hashes; the file names no registry. `.ci/pin` renews it."""
    pins = (REPOSITORY / "requirements/dev.txt").read_text("utf-8")
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    wanted = declared["project"]["dependencies"] + declared["dependency-groups"]["dev"]
    entries = re.split(r"\n(?=\S)", pins.strip())
    assert {re.split(r"[^A-Za-z0-9-]", line)[0].lower() for line in wanted} <= {e.split("==")[0] for e in entries}
    assert all("--hash=sha256:" in entry and PINNED.match(entry) for entry in entries)
    assert "://" not in pins


def test_dependencies_have_both_bounds() -> None:
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    for line in declared["project"]["dependencies"] + declared["dependency-groups"]["dev"]:
        assert ">=" in line, line
        assert "<" in line, line
