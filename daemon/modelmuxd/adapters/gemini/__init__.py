"""Google Gemini CLI: `gemini -o stream-json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from modelmuxd.adapters.asking import NESTED
from modelmuxd.adapters.base import Login, Package, Reader
from modelmuxd.adapters.gemini import ask, signin
from modelmuxd.adapters.gemini.read import GeminiReader
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import Request


class Gemini:
    name: str = "gemini"
    program: str = "gemini"
    title: str = "Google Gemini CLI"
    package: ClassVar[Package] = Package(npm="@google/gemini-cli", tested="0.61.0")
    env_names: tuple[str, ...] = (
        "GEMINI_CLI_HOME",
        "GEMINI_API_KEY",
        "GEMINI_MODEL",
        "GEMINI_API_KEY_AUTH_MECHANISM",
        "GEMINI_CLI_CUSTOM_HEADERS",
        "GEMINI_CLI_SYSTEM_SETTINGS_PATH",
        "GOOGLE_API_KEY",
        "GOOGLE_GEMINI_BASE_URL",
        "GOOGLE_VERTEX_BASE_URL",
        "GOOGLE_GENAI_USE_VERTEXAI",
        "GOOGLE_GENAI_USE_GCA",
        "GOOGLE_GENAI_API_VERSION",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_ACCESS_TOKEN",
        "GOOGLE_CLOUD_PROJECT",
        "GOOGLE_CLOUD_PROJECT_ID",
        "GOOGLE_CLOUD_LOCATION",
        "GOOGLE_CLOUD_QUOTA_PROJECT",
        "CLOUD_SHELL",
    )
    scrub: ClassVar[tuple[str, ...]] = NESTED
    login_files: ClassVar[tuple[str, ...]] = signin.FILES
    first_byte_s: ClassVar[float] = 120.0
    session_bound: ClassVar[bool] = True
    window: ClassVar[int] = 1_048_576

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        return signin.login(files, env_present)

    def prepare(self, request: Request) -> Invocation:
        return ask.prepare(request, self.env_names)

    def reader(self, request: Request) -> Reader:
        return GeminiReader(request)
