"""OpenAI Codex: `codex exec --json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from modelmuxd.adapters.asking import NESTED
from modelmuxd.adapters.base import Login, Package, Reader
from modelmuxd.adapters.codex import ask, signin
from modelmuxd.adapters.codex.read import CodexReader
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import Request

_TARGETS = (
    ("linux-x64", "x86_64-unknown-linux-musl"),
    ("linux-arm64", "aarch64-unknown-linux-musl"),
    ("darwin-arm64", "aarch64-apple-darwin"),
    ("darwin-x64", "x86_64-apple-darwin"),
)


class Codex:
    name: str = "codex"
    program: str = "codex"
    title: str = "OpenAI Codex"
    package: ClassVar[Package] = Package(
        npm="@openai/codex",
        natives=tuple(
            f"{root}/@openai/codex-{platform}/vendor/{triple}/bin/codex"
            for platform, triple in _TARGETS
            for root in ("{package}/node_modules", "{node_modules}")
        ),
        tested="0.169.0",
    )
    env_names: tuple[str, ...] = (
        "CODEX_HOME",
        "CODEX_SQLITE_HOME",
        "CODEX_API_KEY",
        "CODEX_ACCESS_TOKEN",
        "CODEX_CA_CERTIFICATE",
        "OPENAI_API_KEY",
        "OPENAI_ORGANIZATION",
        "OPENAI_PROJECT",
    )
    scrub: ClassVar[tuple[str, ...]] = NESTED
    login_files: ClassVar[tuple[str, ...]] = signin.FILES
    first_byte_s: ClassVar[float] = 60.0
    session_bound: ClassVar[bool] = False
    window: ClassVar[int] = 272_000

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        return signin.login(files, env_present)

    def prepare(self, request: Request) -> Invocation:
        return ask.prepare(request, self.env_names)

    def reader(self, request: Request) -> Reader:
        return CodexReader(request)
