"""What tests MCP servers tests ours: both lines of the conformance suite, and the inspector's command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from live.conftest import needed
from live.world import cache_folder, until
from muxwire.places import places
from shim.bridge import serve
from shim.world import SHIM, World

TOOLS = cache_folder() / "mcp"
SCENARIO = re.compile(r"^([✓✗]) ([\w-]+): \d+ passed, \d+ failed", re.MULTILINE)

# Of extensions and drafts, which the suite does not score: its tools that are tasks, and headers of its own.
UNSCORED = {
    "http-custom-header-server-validation",
    *(f"tasks-{name}" for name in ("lifecycle", "capability-negotiation", "wire-fields", "request-state-removal")),
    *(f"tasks-{name}" for name in ("mrtr-input", "request-headers", "dispatch-and-envelope", "required-task-error")),
    "tasks-mrtr-composition",
}


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    world = World(tempfile.mkdtemp(prefix="mux"))
    yield world
    world.strike()


@pytest.fixture(scope="module")
def built(here: World) -> Iterator[World]:
    """A test build of the daemon, with what the suite asks for by name."""
    program = Path(__file__).parent.parent / "shim/fixtures.py"
    with subprocess.Popen(
        [sys.executable, program], env={**here.env, "PYTHONPATH": str(program.parent.parent)}, cwd=here.project
    ) as daemon:
        until(lambda: Path(places(here.env).socket).exists(), "the daemon")
        yield here
        daemon.terminate()


@pytest.fixture(scope="module")
def url(built: World) -> Iterator[str]:
    here = built
    server = serve([SHIM], env=here.env)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/mcp"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("suite", "asked", "unscored"),
    [
        ("0.1.16", ("--suite", "all"), set()),
        ("0.2.0-alpha.12", ("--requirements", "2025-11-25"), set()),
        ("0.2.0-alpha.12", ("--requirements", "2026-07-28"), UNSCORED),
    ],
)
def test_conformance(url: str, suite: str, asked: tuple[str, ...], unscored: set[str], tmp_path: Path) -> None:
    (node,) = [*TOOLS.glob("node/node_modules/node-*/bin/node"), TOOLS / "node"][:1]
    program = TOOLS / f"suite-{suite}/node_modules/@modelcontextprotocol/conformance/dist/index.js"
    needed(program, ".ci/mcp")
    said = tmp_path / "said"  # its end does not wait for a pipe's reader
    with said.open("wb") as out:
        subprocess.run(
            [node, program, "server", "--url", url, *asked], stdout=out, cwd=tmp_path, timeout=200, check=False
        )
    results = {name: mark for mark, name in SCENARIO.findall(said.read_text())}
    assert len(results) > 30
    assert {name for name, mark in results.items() if mark == "✗"} <= unscored
    assert {name for name, mark in results.items() if mark == "✓"} >= {"tools-list", "tools-call-error", "prompts-list"}


def inspect(here: World, *words: str) -> subprocess.CompletedProcess[str]:
    program = TOOLS / "inspector/node_modules/.bin/mcp-inspector"
    needed(program, ".ci/mcp")
    env = {**here.env, "PATH": f"{Path(sys.executable).parent}:{here.env['PATH']}"}
    passed = ("-e", f"MODELMUX_HOME={env['MODELMUX_HOME']}")
    return subprocess.run(
        [program, "--cli", *passed, *words], env=env, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.parametrize("era", ["legacy", "modern", "auto"])
def test_the_inspector_calls_a_tool(here: World, era: str) -> None:
    asked = ("--method", "tools/call", "--tool-name", "mux_dispatch", "--tool-args-json")
    done = inspect(here, "--protocol-era", era, SHIM, *asked, '{"task": "echo seven", "provider": "sh"}')
    assert json.loads(done.stdout)["structuredContent"]["output"] == "seven\n", done.stdout


def test_the_inspector_finds_no_schema_that_is_not_portable(here: World) -> None:
    done = inspect(here, "--strict", SHIM, "--method", "tools/list")
    assert (done.returncode, "Warning" in done.stderr) == (0, False), done.stderr


def test_the_inspector_finds_no_error_under_load(here: World) -> None:
    load = ("--load", "--load-requests", "200", "--load-concurrency", "10")
    done = inspect(here, *load, SHIM, "--method", "tools/call", "--tool-name", "mux_check")
    told = json.loads(done.stdout[done.stdout.index("{") :])
    assert (told["ok"], told["errors"], told["toolErrors"]) == (200, 0, 0)
