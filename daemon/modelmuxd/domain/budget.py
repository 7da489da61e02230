"""What may be spent, what is held back, and what was. Money is micro-dollars."""

from __future__ import annotations

import msgspec

from modelmuxd.domain.bill import Bill


class CallLimit(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many attempts, of all runs, may start within any window of so many seconds."""

    key: str
    """The policy's own word, such as `max_calls_per_hour`."""
    seconds: float
    most: int


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """Hold back an amount of a bucket until the attempt settles. Refused when what is spent leaves no room for it, to
    wait when only what others hold back does not."""

    bucket: str
    """What the attempt is paid from, `SCOPE/DAY`."""
    amount: int
    """Micro-dollars."""
    limit: int | None = None
    """Of the buckets from `since` on; None: it is only counted."""
    since: str = ""
    """The first bucket of the same scope that counts, by its name; empty: this one alone."""
    name: str = ""
    """As its user knows the budget; empty: its bucket."""
    until: float | None = None
    """Unix time at which it begins anew."""

    @property
    def span(self) -> tuple[str, str]:
        return self.since or self.bucket, self.bucket


class Purse(msgspec.Struct, frozen=True, kw_only=True):
    """What has gone from a budget."""

    spent: int
    held: int
    """Held back by attempts that run."""


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What one run may cost with all that its agents ask for, and what of it has gone."""

    run_id: str
    limit: int
    spent: int
    unpriced: int
    """Attempts that cost something, nobody knows how much."""


class Repriced(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt of the past comes to by other prices."""

    run_id: str
    number: int
    bill: Bill


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """What runs came to, all together."""

    runs: int
    tokens: int | None = None
    """None when none of them has told any."""
    cost_micros: int | None = None
    """The sum of what is known; None when nothing is."""
    plan_micros: int | None = None
    unpriced: int = 0
    """Runs that had an attempt and whose cost is unknown."""
