"""How a command fails: a sentence and the next step on stderr, or with --json one JSON object on stdout."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from muxclients import caller

EXIT_FAILED, EXIT_USAGE = 1, 2


def tell(error: Exception, *, json: bool) -> int:
    """Prints what went wrong and gives the exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # a bare group of commands
        sys.stderr.write(f"{error.format_message()}\n")
        return EXIT_USAGE
    fault, code = describe(error)
    if json:
        import json as json_module  # as dear as click's half, and rarely needed

        print(json_module.dumps({"error": fault}, ensure_ascii=False))
        return code
    painted = caller.colour(os.environ, tty=os.isatty(2))
    red, dim, plain = ("\x1b[31m", "\x1b[2m", "\x1b[0m") if painted else ("", "", "")
    sys.stderr.write(f"{red}error:{plain} {_shown(fault['message'])}\n")
    if fault.get("hint"):
        sys.stderr.write(f"  {dim}→{plain} {_shown(fault['hint'])}\n")
    return code


def _shown(words: str) -> str:
    """What a fault quotes may come from anywhere: nothing in it drives the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in words)


def describe(error: Exception) -> tuple[dict[str, Any], int]:
    """The fault as a mapping, and its exit code."""
    if isinstance(error, click.ClickException):
        return _usage(error), EXIT_USAGE
    if isinstance(error, UnicodeDecodeError):
        return _fault("usage", "The words are not UTF-8 text.", "Convert them: iconv -t UTF-8."), EXIT_USAGE
    if isinstance(error, OverflowError):
        return _fault("usage", "A number is too large."), EXIT_USAGE
    if (fault := getattr(error, "fault", None)) is not None:
        import msgspec
        from muxwire.exits import of_fault

        return msgspec.to_builtins(fault), of_fault(fault)
    if isinstance(error, OSError):
        return _fault("os", f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}."), EXIT_FAILED
    name = type(error).__name__
    return _fault("internal", f"muxctl itself failed: {name}: {error}.", "Please report this."), EXIT_FAILED


def _usage(error: click.ClickException) -> dict[str, Any]:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "muxctl"
    message = error.format_message()
    return _fault("usage", message if message.endswith((".", "?", ")")) else f"{message}.", f"{path} --help")


def _fault(code: str, message: str, hint: str = "") -> dict[str, Any]:
    return {"code": code, "message": message} | ({"hint": hint} if hint else {})
