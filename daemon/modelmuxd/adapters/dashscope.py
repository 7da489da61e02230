"""DashScope (Alibaba Model Studio): Qwen, Kimi, GLM, MiniMax and DeepSeek behind one OpenAI-compatible address.

A key and its region belong together; another region is a profile's `base_url`. Not run with a real key.
"""

from __future__ import annotations

from modelmuxd.adapters.openai_compatible import OpenAICompatible

CODING_KEY = "DASHSCOPE_CODING_API_KEY"
_KEYS = (CODING_KEY, "DASHSCOPE_API_KEY")
_CODING_URL = "https://coding.dashscope.aliyuncs.com/v1"
_URL = "https://dashscope.aliyuncs.com/compatible-mode/v1"


class DashScope(OpenAICompatible):
    """The Coding Plan has keys (`sk-sp-…`) and an address of its own; it is tried first, as in 0.29."""

    def __init__(self) -> None:
        super().__init__("dashscope", title="DashScope", base_url=_URL, keys=_KEYS, model="qwen3-coder-plus")

    def base_url(self, env_present: frozenset[str]) -> str:
        return _CODING_URL if CODING_KEY in env_present else _URL
