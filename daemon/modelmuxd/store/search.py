"""The words of ended runs: of the task, and of the answer's beginning. Indexed behind the commit of the end.

SQLite's FTS5 takes what stands between spaces for a word, so Chinese, Japanese and Korean texts are handed over as
pairs of neighbouring characters. The index keeps no texts: whoever takes a run out of it must say what was put in,
which is made of the same rows again.
"""

from __future__ import annotations

import re
import sqlite3

from modelmuxd.domain.past import SEARCHED

TASK = 64 * 1024
"""Characters of a task that are searched."""
PAGE = 100
"""Runs that are put into the index in one transaction."""

_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003ffff]+")
_TEXTS = (
    f"SELECT substr(task, 1, {TASK}), coalesce(substr(output, 1, {SEARCHED}), head, '') FROM requests"  # noqa: S608
    " LEFT JOIN outputs USING (task_id) LEFT JOIN heads USING (task_id) WHERE task_id = ?"
)


def owe(db: sqlite3.Connection, task_id: int) -> None:
    """In the transaction of the run's end."""
    db.execute("INSERT OR IGNORE INTO unsearched VALUES (?)", (task_id,))


def catch_up(db: sqlite3.Connection) -> bool:
    """Put a page of what is owed into the index; whether there may be more."""
    owed = [task_id for (task_id,) in db.execute("SELECT task_id FROM unsearched ORDER BY task_id LIMIT ?", (PAGE,))]
    for task_id in owed:
        db.execute("INSERT INTO texts (rowid, task, output) VALUES (?, ?, ?)", (task_id, *_words_of(db, task_id)))
        db.execute("DELETE FROM unsearched WHERE task_id = ?", (task_id,))
    return len(owed) == PAGE


def take_out(db: sqlite3.Connection, task_id: int) -> None:
    """Before any of its texts goes. What is left of it is owed again."""
    if db.execute("SELECT 1 FROM unsearched WHERE task_id = ?", (task_id,)).fetchone() is None:
        gone = "INSERT INTO texts (texts, rowid, task, output) VALUES ('delete', ?, ?, ?)"
        db.execute(gone, (task_id, *_words_of(db, task_id)))
        owe(db, task_id)


def behind(db: sqlite3.Connection) -> int:
    """How many runs are owed."""
    return int(db.execute("SELECT count(*) FROM unsearched").fetchone()[0])


def words(text: str) -> str:
    """A text as the index takes it.

    >>> words("修复bug")
    ' 修复 复 bug'
    """
    return _UNSPACED.sub(lambda found: f" {_pairs(found[0])} ", text)


def query(text: str) -> str:
    """What FTS5 is asked: every word must be there, in any order.

    >>> query("fix login 登录页")
    '"fix" AND "login" AND "登录 录页"'
    >>> query("页 utf8编码")
    '"页"* AND "utf8" AND "编码"'
    """
    asked = []
    for word in text.replace("\0", " ").split():
        end = 0
        for found in _UNSPACED.finditer(word):
            asked += _quoted(word[end : found.start()])
            asked.append(_phrase(found[0]))
            end = found.end()
        asked += _quoted(word[end:])
    return " AND ".join(asked) or '""'


def _pairs(run: str) -> str:
    """All pairs, and the last character by itself: every character begins one of them."""
    return " ".join(run[at : at + 2] for at in range(len(run)))


def _phrase(run: str) -> str:
    if len(run) == 1:
        return f'"{run}"*'
    return f'"{" ".join(run[at : at + 2] for at in range(len(run) - 1))}"'


def _quoted(part: str) -> list[str]:
    return ['"' + part.replace('"', '""') + '"'] if part else []


def _words_of(db: sqlite3.Connection, task_id: int) -> tuple[str, str]:
    task, output = db.execute(_TEXTS, (task_id,)).fetchone()
    return words(task), words(output)
