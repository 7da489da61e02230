"""`muxctl`: the commands, their help and their errors. No command's module is loaded before it is needed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from textwrap import wrap
from typing import Any

import click

from muxclients.cli import failure
from muxclients.cli.names import ALSO, COMMANDS, SECTIONS, TOP

EXIT_INTERRUPTED = 130
_USUAL: dict[tuple[str, ...], list[str]] = {(): ["--help"], ("--version",): ["version"]}
"""What people type by habit."""


def main(words: Sequence[str], *, name: str = "muxctl") -> int:
    """Runs one command line; gives the exit code. Never a traceback."""
    json = "--json" in (words[: words.index("--")] if "--" in words else words)
    try:
        code = muxctl.main(_USUAL.get(tuple(words), list(words)), prog_name=name, standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception as error:  # the last stop: whatever it is, the user gets a sentence
        return failure.tell(error, json=json)
    return code if isinstance(code, int) else 0


class Commands(click.Group):
    """The commands of `names.COMMANDS`, each loaded when it is run or asked for its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].where.partition(":")
        found: click.Command = getattr(import_module(f"muxclients.cli.{module}"), attribute)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{guess}", ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One screen: what one types first, then the commands."""
        formatter.write(TOP)
        width = max(map(len, COMMANDS))
        for section in SECTIONS:
            formatter.write(f"\n{section}\n")
            for name, command in COMMANDS.items():
                if command.section == section:
                    formatter.write(f"  {name:<{width}}  {command.help}\n")
        also = sorted(name for name, command in COMMANDS.items() if command.section == ALSO)
        formatter.write("\n".join(wrap(f"Also: {', '.join(also)}", 100, subsequent_indent="  ")) + "\n")


muxctl = Commands("muxctl", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
