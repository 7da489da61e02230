"""Runs the benchmarks, each in a process of its own, one after the other, since they would disturb one another.

    uv run python tests/bench            all of them
    uv run python tests/bench ping hot   these

Bytecode is compiled first and `PYTHONDONTWRITEBYTECODE` is unset: without it every start would pay for the compiler.
"""

from __future__ import annotations

import compileall
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOTS = ("shared", "daemon", "clients")
HELPERS = {"__main__", "measure", "record"}


def known() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in HELPERS)


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(HERE.parent)}


def main(names: list[str]) -> int:
    if strange := sorted(set(names) - set(known())):
        print(f"No benchmark {', '.join(strange)}. Known: {', '.join(known())}.", file=sys.stderr)
        return 2
    for root in ROOTS:
        compileall.compile_dir(HERE.parents[1] / root, quiet=1)
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs, load {load:.1f}")
    failed = 0
    for name in names or known():
        print(f"\n== {name}", flush=True)
        failed |= (
            subprocess.run([sys.executable, "-m", f"bench.{name}"], env=environment(), check=False).returncode != 0
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
