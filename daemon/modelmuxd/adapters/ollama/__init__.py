"""Ollama: `/api/chat` of a server on this machine, or where OLLAMA_HOST says.

Where nobody answers there, `ollama run` is asked, if it is on the caller's PATH.

Contract from Ollama's own docs/api.md (2026-11); tried against the loopback model API only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from modelmuxd.adapters import http_call
from modelmuxd.adapters.base import HOSTED, Login, Package, Reader
from modelmuxd.adapters.http_call import HttpCall
from modelmuxd.adapters.ollama.read import OllamaReader
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import Request

DEFAULT_URL = "http://127.0.0.1:11434"
LOADING_SECONDS = 900.0
"""A large model is loaded from disk before the first byte."""


class Ollama:
    name: str = "ollama"
    program: str = HOSTED
    title: str = "Ollama"
    package: ClassVar[Package] = Package()
    env_names: tuple[str, ...] = ()
    scrub: ClassVar[tuple[str, ...]] = ()
    login_files: ClassVar[tuple[str, ...]] = ()
    first_byte_s: ClassVar[float] = 60.0
    session_bound: ClassVar[bool] = False
    window: ClassVar[int] = 0

    start_hint: ClassVar[str] = "Start it with `ollama serve`, or say in OLLAMA_HOST where it is."
    stand_in: ClassVar[str] = "ollama"

    def address(self, env: Mapping[str, str]) -> tuple[str, int]:
        parts = urlsplit(url_of(env.get("OLLAMA_HOST", "")))
        return parts.hostname or "127.0.0.1", parts.port or (443 if parts.scheme == "https" else 80)

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        return Login("yes", "it needs no key", billing="local")

    def prepare(self, request: Request) -> Invocation:
        base = (request.settings.base_url or url_of(request.env.get("OLLAMA_HOST", ""))).rstrip("/")
        call = HttpCall(
            url=f"{base}/api/chat",
            models_url=f"{base}/api/tags",
            key_env=request.settings.api_key_env,
            body={
                "model": http_call.model_of(request),
                "messages": http_call.messages(request),
                "stream": True,
            },
            stand_in="" if request.settings.base_url else self.stand_in,
            read_seconds=LOADING_SECONDS,
        )
        return http_call.invocation(self.name, request, call, ())

    def reader(self, request: Request) -> Reader:
        return OllamaReader(self.name, request)


def url_of(host: str) -> str:
    """What OLLAMA_HOST means: an address, a host with or without a port, or nothing.

    >>> url_of(""), url_of("box"), url_of("0.0.0.0:9000"), url_of("https://x/y")
    ('http://127.0.0.1:11434', 'http://box:11434', 'http://127.0.0.1:9000', 'https://x/y')
    """
    host = host.strip()
    if not host:
        return DEFAULT_URL
    if "://" in host:
        return host
    name, _, port = host.rpartition(":") if ":" in host else (host, "", "")
    name = "127.0.0.1" if name in ("", "0.0.0.0") else name  # noqa: S104 - where a server listens is not where to ask
    return f"http://{name}:{port or '11434'}"
