"""profiles.toml: its whole shape, where each value comes from, and everything that can be wrong with it.

`load` reads; everything else is pure. Text becomes a `Document`, is held against the `shape` of `model`, laid over the
others (`merge`), and judged as a whole (`meaning`).
"""

from __future__ import annotations

from muxwire.settings.load import ConfigFile, Loaded, load
from muxwire.settings.model import BUILTINS, Settings
from muxwire.settings.path import Origin, Path, dotted

__all__ = ["BUILTINS", "ConfigFile", "Loaded", "Origin", "Path", "Settings", "dotted", "load"]
