"""What all sessions of a server share."""

from __future__ import annotations

import msgspec
from muxwire.protocol import FEATURES

from modelmuxd.edge.bounds import Bounds
from modelmuxd.edge.render.base import Renderers
from modelmuxd.edge.table import Handlers


class Serving(msgspec.Struct, frozen=True):
    """Who answers, who renders, what the welcome says."""

    handlers: Handlers
    version: str
    renderers: Renderers | None
    bounds: Bounds

    @property
    def features(self) -> tuple[str, ...]:
        """What we offer: no `view` where nobody renders."""
        return tuple(name for name in FEATURES if self.renderers or name != "view")
