"""Tokens as facts: what the provider said, and five disjoint buckets."""

from __future__ import annotations

import msgspec


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens of one attempt. The buckets do not overlap: all of them together are the total."""

    input: int = 0
    """Fresh input, neither read from nor written to a cache."""
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    """Visible output, without reasoning where the provider tells it apart."""
    reasoning: int = 0
    model: str = ""
    """The model that really answered, where the provider says so."""
    rule: str = ""
    """How the raw numbers were read, such as `input_includes_cached,output_includes_reasoning`."""
    raw: str = ""
    """The provider's own numbers, as JSON."""
    cumulative: bool = False
    """Whether `raw` counts the whole session rather than this attempt."""
    requests: int = 0
    """Calls of a model that are counted together; 0: nobody told."""
    shares: tuple[Usage, ...] = ()
    """Where several models answered: what each of them used, which together is this."""
    cache_write_hour: int = 0
    """What of `cache_write` is kept for an hour, at a price of its own, and not for five minutes."""

    @property
    def total(self) -> int:
        return self.input + self.cached + self.cache_write + self.output + self.reasoning
