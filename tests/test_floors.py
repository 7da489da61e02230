"""The floors hold: what may import what, and what the three source roots may hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ROOTS = {"shared": "muxwire", "daemon": "modelmuxd", "clients": "muxclients"}
SOURCES = [path for root, package in ROOTS.items() for path in sorted((REPOSITORY / root / package).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import, at any depth of it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return names


def offenders(package: str, forbidden: str, *, allowed: str = "") -> list[str]:
    """Files of `package` (but those below `allowed`) that import `forbidden`."""
    places = [path for path in SOURCES if package in path.parts and not (allowed and allowed in path.as_posix())]
    assert places, f"no sources of {package}"
    return [
        path.relative_to(REPOSITORY).as_posix()
        for path in places
        if any(name == forbidden or name.startswith(f"{forbidden}.") for name in imported(path))
    ]


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("root", "package"), ROOTS.items())
def test_source_roots_hold_one_typed_package_each(root: str, package: str) -> None:
    """A root that were a package itself could shadow or be shadowed by the installed one."""
    folders = {path.name for path in (REPOSITORY / root).iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == {package}
    assert not (REPOSITORY / root / "__init__.py").exists()
    assert (REPOSITORY / root / package / "py.typed").exists()


def test_clients_and_daemon_are_strangers() -> None:
    assert offenders("muxclients", "modelmuxd") == []
    assert offenders("modelmuxd", "muxclients") == []
    assert offenders("muxwire", "modelmuxd") == offenders("muxwire", "muxclients") == []


def test_only_the_store_imports_sqlite() -> None:
    assert offenders("modelmuxd", "sqlite3", allowed="modelmuxd/store/") == []


def test_only_the_edge_imports_mcp() -> None:
    assert offenders("modelmuxd", "mcp", allowed="modelmuxd/edge/") == []
    assert offenders("muxclients", "mcp") == []


def test_one_module_at_most_imports_each_http_library() -> None:
    """`mcp` may drop or rename the one it brings; then one file changes."""
    assert len(offenders("modelmuxd", "httpx")) <= 1
    assert len(offenders("muxclients", "httpx")) <= 1


def test_every_source_puts_off_annotations() -> None:
    assert [path for path in SOURCES if "from __future__ import annotations" not in path.read_text("utf-8")] == []


HEAVY = ("httpx", "mcp", "rich", "click", "urllib.request", "email", "statistics")
"""What a daemon at rest does without: who needs it loads it, and most of that in a process of its own."""


def test_a_daemon_at_rest_has_loaded_nothing_heavy() -> None:
    found = f"import sys, modelmuxd.app.boot; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", found], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
