"""opencode: `opencode run --format json`, with the models of whichever providers its user has set up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from modelmuxd.adapters.asking import NESTED
from modelmuxd.adapters.base import Login, Package, Reader
from modelmuxd.adapters.opencode import ask, signin
from modelmuxd.adapters.opencode.read import OpencodeReader
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import Request


class Opencode:
    name: str = "opencode"
    program: str = "opencode"
    title: str = "opencode"
    package: ClassVar[Package] = Package(npm="opencode-ai", tested="1.18.33")
    env_names: tuple[str, ...] = (
        "OPENCODE_CONFIG",
        "OPENCODE_CONFIG_DIR",
        "OPENCODE_DISABLE_MODELS_FETCH",
        "OPENCODE_DISABLE_LSP_DOWNLOAD",
        *signin.KEYS,
    )
    scrub: ClassVar[tuple[str, ...]] = NESTED
    login_files: ClassVar[tuple[str, ...]] = signin.FILES
    first_byte_s: ClassVar[float] = 180.0
    """Our plugin speaks before the model is asked; its very first run prepares a database first (40 s, measured)."""
    session_bound: ClassVar[bool] = True
    window: ClassVar[int] = 0

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        return signin.login(files, env_present)

    def prepare(self, request: Request) -> Invocation:
        return ask.prepare(request, self.env_names)

    def reader(self, request: Request) -> Reader:
        return OpencodeReader(request)
