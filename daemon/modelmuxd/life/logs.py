"""Where log lines go: the journal when it listens on stderr, else a rotating file of JSON lines, and beside it the
terminal of `muxctl daemon run`.

Say `log.info("sentence", extra={"action": "claim", "run": run_id})`: the sentence is for people, `action` and ids for
machines. Known secret shapes are taken out of every line, whatever wrote it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from typing import IO, cast

import msgspec
from muxwire.redact import redact

from modelmuxd.life.supervision import journal_on_stderr

MAX_BYTES = 5 * 1024 * 1024
KEPT_FILES = 3

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SYSLOG = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


def set_up(path: str, env: Mapping[str, str] = os.environ, *, level: int = logging.INFO) -> None:
    """Send everything to the journal (stderr, with `<level>` as sd-daemon(3) has it) or to the file at `path` (0600).

    Replaces the handlers of an earlier call. Raises OSError when the file cannot be opened.
    """
    handlers = _handlers(path, env)
    # A line that cannot be written (a full disk) is dropped, not turned into a traceback on stderr.
    logging.raiseExceptions = False
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


def _handlers(path: str, env: Mapping[str, str]) -> list[logging.Handler]:
    if journal_on_stderr(env):
        return [_formatted(logging.StreamHandler(), JournalFormatter())]
    file = PrivateFile(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8", errors="replace")
    found = [_formatted(file, JsonFormatter())]
    if sys.stderr.isatty():
        found.append(_formatted(logging.StreamHandler(), TextFormatter()))
    return found


def _formatted(handler: logging.Handler, formatter: logging.Formatter) -> logging.Handler:
    handler.setFormatter(formatter)
    return handler


def facts(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _PLAIN}


class JsonFormatter(logging.Formatter):
    """One JSON object: time (UTC, milliseconds), level, logger, action, message, ids, and the error's text if any."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": time, "level": record.levelname.lower(), "logger": record.name, "action": ""}
        line |= {"message": record.getMessage()} | facts(record)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        # Before encoding: a cut in encoded text could leave half an escape.
        clean = {name: redact(value) if isinstance(value, str) else value for name, value in line.items()}
        return msgspec.json.encode(clean, enc_hook=str).decode()


class TextFormatter(logging.Formatter):
    """`sentence action=… id=…`, for people."""

    def format(self, record: logging.LogRecord) -> str:
        text = " ".join([record.getMessage(), *(f"{name}={value}" for name, value in facts(record).items())])
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return redact(text)


class JournalFormatter(TextFormatter):
    """The same with `<6>` in front of every line of it."""

    def format(self, record: logging.LogRecord) -> str:
        prefix = f"<{_SYSLOG.get(record.levelno, 6)}>"
        return "\n".join(prefix + line for line in super().format(record).splitlines())


class PrivateFile(RotatingFileHandler):
    """A rotating file that is 0600 from the first moment."""

    def _open(self) -> TextIOWrapper:
        file: IO[str] = open(  # noqa: SIM115 - the handler closes it; Path.open has no opener
            self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=_private
        )
        return cast("TextIOWrapper", file)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
