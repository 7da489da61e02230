"""`modelmuxd`: flags, then `app.run`. Clients, service managers and `muxctl daemon run` start it; people need not."""

from __future__ import annotations

import sys

from muxwire.version import VERSION
from muxwire.words import EXIT_SUCCESS, EXIT_USAGE

HELP = """\
usage: modelmuxd [--version | --help]

The resident daemon of modelmux. Clients start it by themselves, and so does the service that
`muxctl service install` sets up; `muxctl daemon run` shows it start in a terminal.
Exit codes: 0 ended as asked, 75 another daemon runs, 78 its configuration or state is not usable.
"""


def main() -> int:
    """The exit code of the daemon, once it has ended."""
    flags = sys.argv[1:]
    if flags in (["--help"], ["-h"]):
        sys.stdout.write(HELP)
        return EXIT_SUCCESS
    if flags == ["--version"]:
        sys.stdout.write(f"modelmuxd {VERSION}\n")
        return EXIT_SUCCESS
    if flags not in ([], ["--started-by-client"]):
        sys.stderr.write(f"modelmuxd: unknown arguments: {' '.join(flags)}\n{HELP}")
        return EXIT_USAGE
    from modelmuxd.app.boot import run

    return run(started_by_client=bool(flags))


if __name__ == "__main__":
    sys.exit(main())
