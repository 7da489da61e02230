"""Anthropic Claude Code: `claude -p --output-format stream-json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from modelmuxd.adapters.asking import NESTED
from modelmuxd.adapters.base import Login, Package, Reader
from modelmuxd.adapters.claude import ask, signin
from modelmuxd.adapters.claude.read import ClaudeReader
from modelmuxd.domain.invocation import Invocation
from modelmuxd.domain.request import Request


class Claude:
    name: str = "claude"
    program: str = "claude"
    title: str = "Anthropic Claude Code"
    package: ClassVar[Package] = Package(
        npm="@anthropic-ai/claude-code",
        natives=("{package}/bin/claude.exe",),  # the native binary on every system, put there by its installer
        tested="2.1.197",
    )
    env_names: tuple[str, ...] = (
        "CLAUDE_CONFIG_DIR",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "CLAUDE_CODE_GIT_BASH_PATH",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_CUSTOM_HEADERS",
        "CLAUDE_CODE_USE_BEDROCK",
        "AWS_REGION",
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
        "ANTHROPIC_VERTEX_PROJECT_ID",
        "CLOUD_ML_REGION",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "CLAUDE_CODE_USE_FOUNDRY",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
        "DISABLE_TELEMETRY",
        "DISABLE_ERROR_REPORTING",
        "IS_SANDBOX",
    )
    scrub: ClassVar[tuple[str, ...]] = NESTED
    login_files: ClassVar[tuple[str, ...]] = signin.FILES
    first_byte_s: ClassVar[float] = 90.0
    session_bound: ClassVar[bool] = True
    window: ClassVar[int] = 200_000

    def login(self, files: Mapping[str, bytes], env_present: frozenset[str]) -> Login:
        return signin.login(files, env_present)

    def prepare(self, request: Request) -> Invocation:
        return ask.prepare(request, self.env_names)

    def reader(self, request: Request) -> Reader:
        return ClaudeReader(request)
