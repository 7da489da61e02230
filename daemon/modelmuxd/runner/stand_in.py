"""`ollama run` for when its API cannot be reached: the same question by the program on PATH, told as the API tells it.

    {"mux":"instead","program":…}      the API is out of reach, and this is asked
    {"mux":"asked","model":…}
    {"message":{"content":…}}          what it prints, as it comes
    {"done":true}  {"mux":"done"}      it has ended well; else {"mux":"failed", …} with its last words

It keeps no session and counts no tokens: what was said before goes along as text. Tried with a scripted program only.
"""

from __future__ import annotations

import codecs
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Say = Callable[[dict[str, Any]], None]
_PIECE = 65_536
_LAST_WORDS = 8192
"""Bytes of stderr that are told."""


def find(name: str, search: str) -> str:
    """The program in the absolute folders of a PATH: the working folder is no place for programs. Empty for none.

    >>> find("sh", "relative:."), find("", "/bin")
    ('', '')
    """
    folders = os.pathsep.join(folder for folder in search.split(os.pathsep) if folder.startswith("/"))
    return (shutil.which(name, path=folders) or "") if name and folders else ""


def ask(program: str, body: dict[str, Any], prompt: str, say: Say, limit: int) -> int:
    """0 when it has said all it had to say. `limit`: bytes of the answer."""
    say({"mux": "instead", "program": Path(program).name})
    model = body.get("model") or _first_model(program)
    say({"mux": "asked", "model": model})
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as question:
        question.write(_as_text(body["messages"], prompt).encode("utf-8", "surrogateescape"))
        question.seek(0)
        argv = [program, "run", "--nowordwrap", "--", model]
        with subprocess.Popen(argv, stdin=question, stdout=subprocess.PIPE, stderr=errors) as asked:
            _tell(asked, say, limit)
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _LAST_WORDS))
        last = errors.read().decode("utf-8", "replace")
    if asked.returncode != 0:
        say({"mux": "failed", "status": 500, "body": {"error": last.strip() or f"exit {asked.returncode}"}})
        return 1
    say({"done": True, "done_reason": "stop"})
    say({"mux": "done"})
    return 0


def _tell(asked: subprocess.Popen[bytes], say: Say, limit: int) -> None:
    """Raises ValueError, with the program ended, for an answer without end."""
    assert asked.stdout is not None
    decode, size = codecs.getincrementaldecoder("utf-8")("replace").decode, 0
    while piece := os.read(asked.stdout.fileno(), _PIECE):
        size += len(piece)
        if size > limit:
            asked.kill()
            raise ValueError(f"the answer has more than {limit >> 20} MiB")
        if words := decode(piece):
            say({"message": {"content": words}})


def _first_model(program: str) -> str:
    """The first that `ollama list` names, below its heading. Raises ValueError when it names none."""
    listed = subprocess.run([program, "list"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    rows = [line.split() for line in listed.stdout.decode("utf-8", "replace").splitlines()[1:]]
    names = [row[0] for row in rows if row and not row[0].startswith("-")]
    if not names:
        raise ValueError(listed.stderr.decode("utf-8", "replace").strip()[:400] or "Ollama has no model")
    return names[0]


def _as_text(messages: list[dict[str, str]], prompt: str) -> str:
    """A session so far, for a program that takes one text."""
    if not messages:
        return prompt
    said = [f"{message['role'].capitalize()}: {message['content']}" for message in messages]
    return "\n\n".join([*said, f"User: {prompt}"])
