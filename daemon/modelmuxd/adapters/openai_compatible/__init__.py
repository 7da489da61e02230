"""Any server that speaks OpenAI's chat completions: DashScope is one of them.

Shapes from Alibaba Model Studio's and OpenAI's documentation (2026-11); tried against the loopback model API only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from modelmuxd.adapters import http_call
from modelmuxd.adapters.base import HOSTED, Login, Package, Reader
from modelmuxd.adapters.http_call import HttpCall
from modelmuxd.adapters.openai_compatible.read import CompletionsReader
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import Request

SYSTEM = {
    "role": "system",
    "content": "You answer one request of a software developer. You have no tools and see no files: work with what the "
    "request holds, say what is missing rather than guess it, and give code whole, in fenced blocks.",
}
"""What a bare model is told. Not one of Ollama's: those bring their `SYSTEM` along, which ours would replace."""


class OpenAICompatible:
    """One server: where it is, which key it takes, which model it is asked for when nobody says."""

    program: str = HOSTED
    package: ClassVar[Package] = Package()
    scrub: ClassVar[tuple[str, ...]] = ()
    login_files: ClassVar[tuple[str, ...]] = ()
    first_byte_s: ClassVar[float] = 60.0
    session_bound: ClassVar[bool] = False
    window: ClassVar[int] = 0

    def __init__(self, name: str, *, title: str, base_url: str, keys: tuple[str, ...], model: str = "") -> None:
        self.name = name
        self.title = title
        self.env_names = keys
        self._base_url = base_url
        self._model = model

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        if found := self._key(env_present):
            return Login("yes", f"{found} is set", billing="metered", env_names=(found,))
        if not self.env_names:
            return Login("yes", "it needs no key", billing="local")
        fix = f"export {self.env_names[0]}=…"
        return Login("no", f"{' or '.join(self.env_names)} is not set", fix, env_names=self.env_names)

    def prepare(self, request: Request) -> Invocation:
        base = (request.settings.base_url or self.base_url(request.env_present)).rstrip("/")
        key = request.settings.api_key_env or ("" if request.settings.base_url else self._key(request.env_present))
        call = HttpCall(
            url=f"{base}/chat/completions",
            models_url=f"{base}/models",
            key_env=key,
            body={
                "model": http_call.model_of(request) or self._model,
                "messages": [SYSTEM, *http_call.messages(request)],
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )
        return http_call.invocation(self.name, request, call, (key,) if key in self.env_names else ())

    def reader(self, request: Request) -> Reader:
        return CompletionsReader(self.name, request)

    def base_url(self, env_present: frozenset[str]) -> str:
        """Where it is when no profile says: may depend on which key there is."""
        return self._base_url

    def _key(self, env_present: frozenset[str]) -> str:
        return next((name for name in self.env_names if name in env_present), "")
