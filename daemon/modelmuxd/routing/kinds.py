"""What kind of work a task is, from its words: one reading of its beginning, and a look-up for each word. Pure.

A kind says much about which agent will do well; the words within a kind say almost nothing (measured on recorded
outcomes of several models, see tests/bench/README.md), so nothing finer is tried.
"""

from __future__ import annotations

import re

READ = 1500
"""Characters that are looked at: what a task is stands at its beginning."""
OTHER = "other"
ENOUGH = 2
"""Points below which a task is of no kind."""

_WORD = re.compile(r"[a-z_]{2,}|[\u3040-\u30ff\u4e00-\u9fff]", re.ASCII | re.IGNORECASE)
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

_SAYS: dict[str, str] = {
    "bug": (
        "bug bugs issue regression traceback exception raises raised error errors expected actual reproduce broken"
        " crash crashes fails incorrect incorrectly wrong fix fixes mend version behavior behaviour attributeerror"
        " typeerror valueerror keyerror warning"
    ),
    "algorithm": (
        "algorithm integers integer array arrays input output constraints sample stdin print lines test_cases cases"
        " subarray substring permutation graph tree nodes minimum maximum modulo lexicographically string strings"
        " sequence grid vertices leetcode atcoder contest"
    ),
    "terminal": (
        "shell bash terminal command commands server install docker container configure git repository ssh port script"
        " directory permissions daemon process systemd curl makefile compile nginx service log logs kernel"
    ),
    "function": (
        "function def return returns docstring assert given list tuple dictionary python write argument arguments"
    ),
    "frontend": (
        "css html react component button layout page responsive browser vue svelte tailwind dom click style styles ui"
    ),
    "review": "review reviewer diff pull request patch audit critique feedback security vulnerability vulnerabilities",
    "design": "design architecture approach trade offs tradeoffs proposal rfc plan migrate migration schema api",
    "refactor": "refactor refactoring rename extract simplify deduplicate cleanup restructure module modules move",
    "tests": "tests test coverage unittest pytest fixture fixtures mock assertion integration",
    "maths": (
        "many much total how cost each per percent dollars sum prove equation number numbers probability solve"
        " calculate fraction times twice left hours minutes miles average"
    ),
    "question": (
        "what which who why when where explain following question answer answers choose option options true false"
        " best describes correct statement"
    ),
    "prose": "write essay email summary summarize summarise translate paragraph letter documentation readme article",
}
_STRONG = {
    "traceback": ("bug", 3),
    "reproduce": ("bug", 3),
    "regression": ("bug", 3),
    "stdin": ("algorithm", 3),
    "constraints": ("algorithm", 3),
    "lexicographically": ("algorithm", 3),
    "docker": ("terminal", 3),
    "bash": ("terminal", 3),
    "def": ("function", 3),
    "docstring": ("function", 3),
    "refactor": ("refactor", 4),
    "rename": ("refactor", 3),
    "review": ("review", 4),
    "css": ("frontend", 3),
    "react": ("frontend", 3),
    "html": ("frontend", 2),
    "pytest": ("tests", 2),
    "coverage": ("tests", 3),
    "architecture": ("design", 3),
    "translate": ("prose", 3),
    "summarize": ("prose", 3),
    "essay": ("prose", 4),
    "explain": ("question", 3),
    "algorithm": ("algorithm", 3),
}
KINDS: tuple[str, ...] = (*_SAYS, "cjk", OTHER)

_POINTS: dict[str, list[tuple[str, int]]] = {}
for _kind, _words in _SAYS.items():
    for _word in _words.split():
        _POINTS.setdefault(_word, []).append((_kind, 1))
for _word, _said in _STRONG.items():
    _POINTS.setdefault(_word, []).append(_said)


def kind_of(task: str) -> str:
    """The kind with most points; each word counts once.

    >>> kind_of("Fix the regression: traceback below"), kind_of("Hi")
    ('bug', 'other')
    """
    words = set(_WORD.findall(task[:READ].lower()))
    points: dict[str, int] = {}
    for word in words & _POINTS.keys():
        for kind, count in _POINTS[word]:
            points[kind] = points.get(kind, 0) + count
    if points:
        best = max(points, key=lambda kind: (points[kind], kind))
        if points[best] >= ENOUGH:
            return best
    return "cjk" if any(_CJK.match(word) for word in words) else OTHER
