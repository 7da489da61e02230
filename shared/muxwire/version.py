"""The version of this program; a test holds it equal to the package's. Loads nothing."""

from __future__ import annotations

VERSION = "0.1.0"
