"""The SQLite store is held to what any TaskStore must do."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from modelmuxd.store.tasks import open_store
from store.builders import Engine
from store.conformance import Conformance

pytestmark = pytest.mark.anyio


class TestSqliteTaskStore(Conformance):
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Engine:
        return partial(open_store, tmp_path / "modelmux.db")
