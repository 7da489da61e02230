"""Alibaba's Qwen Code: `qwen -o stream-json`. It is a fork of Gemini CLI that prints what Claude Code prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from modelmuxd.adapters.asking import NESTED
from modelmuxd.adapters.base import Login, Package, Reader
from modelmuxd.adapters.qwen import ask, signin
from modelmuxd.adapters.qwen.read import QwenReader
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import Request


class Qwen:
    name: str = "qwen"
    program: str = "qwen"
    title: str = "Qwen Code"
    package: ClassVar[Package] = Package(npm="@qwen-code/qwen-code", tested="0.15.10")
    env_names: tuple[str, ...] = (
        "QWEN_HOME",
        "QWEN_RUNTIME_DIR",
        "QWEN_CODE_SYSTEM_SETTINGS_PATH",
        "QWEN_CODE_TRUSTED_FOLDERS_PATH",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_MODEL",
        "QWEN_MODEL",
        "DASHSCOPE_API_KEY",
        "BAILIAN_CODING_PLAN_API_KEY",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_MODEL",
        "GEMINI_API_KEY",
        "GEMINI_MODEL",
    )
    scrub: ClassVar[tuple[str, ...]] = NESTED
    login_files: ClassVar[tuple[str, ...]] = signin.FILES
    first_byte_s: ClassVar[float] = 120.0
    session_bound: ClassVar[bool] = True
    window: ClassVar[int] = 131_072

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        return signin.login(files, env_present)

    def prepare(self, request: Request) -> Invocation:
        return ask.prepare(request, self.env_names)

    def reader(self, request: Request) -> Reader:
        return QwenReader(request)
