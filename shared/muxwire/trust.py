"""Which projects the user trusts."""

from __future__ import annotations

from typing import Literal

import msgspec


class TrustParams(msgspec.Struct, frozen=True, omit_defaults=True):
    """Trust what a project's own `.modelmux/profiles.toml` says now; or no longer; or list what is trusted."""

    folder: str = ""
    action: Literal["add", "remove", "list"] = "add"


class TrustedFolder(msgspec.Struct, frozen=True):
    folder: str
    unchanged: bool
    """Whether its file is still what was trusted; a changed one is not trusted any more."""


class Trusted(msgspec.Struct, frozen=True):
    folders: tuple[TrustedFolder, ...]
