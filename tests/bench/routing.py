"""Drives the shipped router through a harness of recorded outcomes, which is handed in: its data belongs to others.

    PYTHONPATH=tests python -m bench.routing FOLDER [SEEDS]

FOLDER holds `evaluate.py`, `data/` and `v4_dev_*.json`: what modelmux 0.29 did on the same streams.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

from modelmuxd.domain.decision import Candidate
from modelmuxd.domain.knowledge import Agent, Judged, Knowledge, Measured, Reached
from modelmuxd.engine.signals import RATED, RATED_WEIGHT
from modelmuxd.routing.expect import PRIOR_WEIGHT
from modelmuxd.routing.learn import learn
from modelmuxd.routing.router import Asked, Preferences, Weights, rank

GOALS = (
    ("good", "live-full", "v4", "live-full, against v4", 0.035, 0.050),
    ("good", "live-full", "best", "live-full, against the best single", -0.010, 0.010),
    ("good", "live-sparse", "v4", "live-sparse, against v4", 0.025, 0.045),
    ("good", "calm-full", "best", "calm, against the best single", -0.015, -0.004),
    ("none", "live-full", "v4", "no prior, against v4", 0.010, 0.025),
    ("wrong", "live-full", "v4", "wrong prior, against v4", -0.005, 0.015),
)


KINDS = {"repo-bugfix": "bug", "general": ""}
"""The harness's words for kinds of work."""


class Player:
    """The shipped router behind the harness's protocol. A published score is what a benchmark of one's own would be."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._known = Knowledge()
        self._asked = 0
        self._now = 0.0
        self._last: Any = None

    def choose(self, text: str, candidates: list[str], context: dict[str, Any]) -> str:
        if not self._asked and context["benchmarks"]:
            self._known = Knowledge(agents=dict(_published(context["benchmarks"])))
        self._asked, self._now = self._asked + 1, context["now"]
        ranking = rank(
            Asked(task=text, project=context["project"], seed=f"{self._seed}.{self._asked}"),
            [Candidate(provider=name, account=name) for name in candidates],
            Preferences(weights=Weights(cost=context["cost_weight"])),
            self._known,
        )
        self._last = ranking.ranked[0].routed
        return ranking.ranked[0].candidate.provider

    def record(
        self, text: str, provider: str, outcome: dict[str, Any], latency: float, cost: float, rating: int | None
    ) -> None:
        at, routed = self._now, self._last
        fault = "" if outcome["status"] == "success" else "transient"
        self._known = learn(self._known, Reached(at=at, agent=provider, fault=fault))
        if fault:
            return
        measured = Measured(at=at, agent=provider, kind=routed.kind, seconds=latency, cost_micros=cost * 1_000_000)
        self._known = learn(self._known, measured)
        judged: Judged | None = None
        if outcome["correct"] is not None:
            judged = routed.judged("verify", float(outcome["correct"]), at=at, run_id="")
        elif rating is not None:
            judged = routed.judged("rating", RATED[rating], at=at, run_id="", weight=RATED_WEIGHT)
        if judged:
            self._known = learn(self._known, judged)


def _published(scores: dict[str, dict[str, float]]) -> Iterator[tuple[str, Agent]]:
    known = Knowledge()
    for name, by_domain in scores.items():
        for domain, value in by_domain.items():
            one = Judged(at=0.0, agent=name, value=value, source="benchmark", kind=KINDS.get(domain, domain))
            for _ in range(int(PRIOR_WEIGHT) * 10):
                known = learn(known, one)
    return iter(known.agents.items())


def main(folder: str, seeds: int) -> None:
    sys.path.insert(0, folder)
    harness = importlib.import_module("evaluate")
    data = str(Path(folder, "data"))
    scenarios = json.loads(Path(data, "scenarios.json").read_text())
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for prior, condition in sorted({(goal[0], goal[1]) for goal in GOALS}):
        rows = json.loads(Path(folder, f"v4_dev_{prior}.json").read_text())
        v4 = {(row["scenario"], row["condition"], row["seed"]): row["utility"] for row in rows}
        for name in scenarios:
            scenario = harness.load_scenario(data, name)
            for seed in range(seeds):
                run = harness.run_stream(Player, scenario, condition, seed, prior, horizon=500)
                run |= {"v4": run["utility"] - v4[name, condition, seed], "best": run["utility"] - run["best_single"]}
                found.setdefault((prior, condition), []).append(run)
    print(f"| goal | must | aim | measured, {len(scenarios)} scenarios x {seeds} seeds |\n|---|---|---|---|")
    for prior, condition, against, words, must, aim in GOALS:
        values = [run[against] for run in found[prior, condition]]
        half = 1.96 * stdev(values) / len(values) ** 0.5
        print(f"| {words} | {must:+.3f} | {aim:+.3f} | {fmean(values):+.4f} ± {half:.4f} |")
    live = found["good", "live-full"]
    recovery = median(run["recovery"] for run in live if run.get("recovery") is not None)
    print(f"| recovery after the leader degrades, tasks | 25 | 15 | {recovery:.0f} |")
    print(f"one decision p50 {median(run['us_p50'] for run in live):.0f} us, over all candidate counts")


TEXT = (
    "When saving a model with an explicit primary key, the update is skipped and an exception is raised in "
    "`core/models/base.py`, line 412. Steps: create the table, call save() twice, look at the traceback. "
) * 7


def speed(count: int) -> float:
    """Microseconds of one decision on first sight of a text of 1.3 kB, as the median of many."""
    known, names = Knowledge(), [f"agent{number}" for number in range(count)]
    for number in range(300):
        name = names[number % count]
        judged = Judged(at=number, agent=name, value=1.0, source="verify", kind="bug", project="p")
        known = learn(learn(known, Reached(at=number, agent=name)), judged)
    candidates, times = [Candidate(provider=name, account=name) for name in names], list[float]()
    for number in range(1500):
        asked, begun = Asked(task=f"{number} {TEXT}"[:1300], project="p", seed=str(number)), time.perf_counter()
        rank(asked, candidates, Preferences(), known)
        times.append(time.perf_counter() - begun)
    return median(times) * 1e6


if __name__ == "__main__":
    for few, must, aim in ((5, 300, 150), (12, 450, 220)):
        print(f"one decision on a new text, {few} candidates: {speed(few):.0f} us (must {must}, aim {aim})")
    if len(sys.argv) > 1:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    else:
        print("How well it chooses: PYTHONPATH=tests python -m bench.routing FOLDER [SEEDS]")
