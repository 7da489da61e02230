"""The SQLite store is held to what any TaskStore must do."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from modelmuxd.store.tasks import open_store
from store.builders import Engine
from store.conformance import Conformance
from store.conformance_accounts import AccountsConformance
from store.conformance_claims import ClaimsConformance
from store.conformance_composites import CompositesConformance
from store.conformance_history import HistoryConformance
from store.conformance_knowledge import KnowledgeConformance
from store.conformance_notices import NoticesConformance
from store.conformance_ratings import RatingsConformance
from store.conformance_statistics import StatisticsConformance

pytestmark = pytest.mark.anyio


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return partial(open_store, tmp_path / "modelmux.db")


class TestRuns(Conformance):
    pass


class TestAccounts(AccountsConformance):
    pass


class TestClaims(ClaimsConformance):
    pass


class TestComposites(CompositesConformance):
    pass


class TestHistory(HistoryConformance):
    pass


class TestKnowledge(KnowledgeConformance):
    pass


class TestNotices(NoticesConformance):
    pass


class TestRatings(RatingsConformance):
    pass


class TestStatistics(StatisticsConformance):
    pass
