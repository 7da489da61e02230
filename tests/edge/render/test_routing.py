from __future__ import annotations

from modelmuxd.edge.render.routing import route_text
from muxwire.protocol import View
from muxwire.routing import Route, RouteLine

LEFT_OUT = RouteLine(provider="gemini", reasons=("not installed",))


def test_each_candidate_says_what_its_score_is_the_sum_of() -> None:
    first = RouteLine(provider="codex", score=0.71, parts={"prior": 0.63, "record": 0.08}, reasons=("expected 0.71",))
    route = Route(kind="bug", ranked=(first,), excluded=(LEFT_OUT,), sure=0.8, turn="claude comes next")
    assert route_text(route, View()) == (
        "codex (bug), 80% sure\n"
        "  · codex = 0.710 (prior +0.630 record +0.080): expected 0.71\n"
        "  ✗ gemini: not installed\n"
        "  → claude comes next\n"
    )


def test_where_nobody_can_take_it_it_is_sure_of_nothing() -> None:
    told = route_text(Route(kind="bug", excluded=(LEFT_OUT,)), View())
    assert told == "Nobody can take it (bug).\n  ✗ gemini: not installed\n"
