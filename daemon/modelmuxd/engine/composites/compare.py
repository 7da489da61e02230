"""How far answers agree, and what each says alone: the same for English, Chinese and code. Pure.

Agreement is chrF with beta 1 (M. Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015): the
mean over n = 1 to 6 of how many character n-grams two texts share, blanks left out. It knows no words, so no language
is favoured; it compares how something is said, so two answers that mean the same in other words agree less than they
could.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from muxwire.broadcast import Compared, Comparison
from muxwire.runs import RunResult

MEASURE = "chrF1, n = 1..6 (Popović 2015)"
LONGEST = 20_000
"""Characters of an answer that are compared; fewer where many are, so that it stays within seconds."""
ALL = 240_000
_SIZES = range(1, 7)
_BLANK = re.compile(r"\s+")
_UNIT = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])|\n+")
SHORTEST = 12
"""Characters that a sentence has at least to be told as somebody's own."""
OWN = 0.5
"""A sentence is its author's own when less than this share of its trigrams stands in any other answer."""
TOLD = 5
"""Sentences of each that are told."""
TOLD_LENGTH = 300


def compared(results: Sequence[RunResult], texts: Mapping[str, str], judged: Sequence[str] = ()) -> Comparison:
    """Of those who have answered; `texts` by step. The judge's order, where there is one, is the ranking."""
    good = [run for run in results if run.step in texts]
    if len(good) < 2:
        return Comparison(comparable=False, reason=f"{len(good)} of {len(results)} answered: nothing to compare.")
    room = min(LONGEST, ALL // len(good))
    grams = {run.step: _grams(texts[run.step][:room]) for run in good}
    pairs = {(a, b): chrf(grams[a], grams[b]) for a, b in combinations(grams, 2)}
    agreement = {name: _mean([value for pair, value in pairs.items() if name in pair]) for name in grams}
    speed = sorted(good, key=lambda run: run.duration_seconds)
    by_agreement = sorted(speed, key=lambda run: -agreement[run.step])
    return Comparison(
        comparable=True,
        measure=MEASURE,
        agreement_score=round(_mean(list(pairs.values())), 3),
        pairwise_similarity={f"{a}_vs_{b}": round(value, 3) for (a, b), value in pairs.items()},
        speed_ranking=tuple(run.step for run in speed),
        ranking=tuple(judged) or tuple(run.step for run in by_agreement),
        ranked_by="judge" if judged else "agreement",
        per_provider={run.step: _about(run, texts[run.step], agreement[run.step]) for run in good},
        unique={
            name: own(texts[name][:room], [texts[other][:room] for other in grams if other != name]) for name in grams
        },
    )


def chrf(one: Sequence[Counter[str]], other: Sequence[Counter[str]]) -> float:
    """From 0 to 1; 1 for two texts that are the same but for blanks, two empty ones included."""
    scores = []
    for a, b in zip(one, other, strict=True):
        total = a.total() + b.total()
        if total:
            scores.append(2 * (a & b).total() / total)
    return _mean(scores) if scores else 1.0


def similarity(one: str, other: str) -> float:
    """
    >>> similarity("use a lock", "use a  lock\\n"), similarity("abc", "xyz"), similarity("用锁", "用锁")
    (1.0, 0.0, 1.0)
    """
    return chrf(_grams(one), _grams(other))


def own(text: str, others: Sequence[str]) -> tuple[str, ...]:
    """The sentences that nobody else says, those furthest from the others first."""
    known = {gram for other in others for gram in _trigrams(other)}
    found: list[tuple[float, str]] = []
    for unit in filter(None, map(str.strip, _UNIT.split(text))):
        grams = _trigrams(unit)
        share = len(grams & known) / len(grams) if grams else 1.0
        if len(unit) >= SHORTEST and share < OWN:
            found.append((share, unit))
    return tuple(unit[:TOLD_LENGTH] for _, unit in sorted(found, key=lambda one: one[0])[:TOLD])


def _grams(text: str) -> list[Counter[str]]:
    dense = _BLANK.sub("", text)
    return [Counter(dense[at : at + size] for at in range(len(dense) - size + 1)) for size in _SIZES]


def _trigrams(text: str) -> set[str]:
    dense = _BLANK.sub("", text).casefold()
    return {dense[at : at + 3] for at in range(len(dense) - 2)}


def _about(run: RunResult, text: str, agreement: float) -> Compared:
    return Compared(
        word_count=len(text.split()),
        char_count=len(text),
        duration_seconds=run.duration_seconds,
        cost_usd=run.cost.usd if run.cost else None,
        agreement=round(agreement, 3),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
