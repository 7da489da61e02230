"""What an attempt came to, for its settle. Pure."""

from __future__ import annotations

import msgspec

from modelmuxd.pricing.reckon import bill
from modelmuxd.pricing.table import Table
from modelmuxd.store.records import Attempt, Settle


def billed(ended: Settle, attempt: Attempt, table: Table, now: float) -> Settle:
    """With its bill, by the prices of this moment. What a CLI tells of its credential outweighs its login."""
    found = bill(
        ended.usage,
        provider=attempt.provider,
        model=ended.model or attempt.model,
        billing=attempt.billing if ended.billing == "unknown" else ended.billing,
        reported=ended.cost_micros,
        table=table,
        at=now,
    )
    return msgspec.structs.replace(ended, bill=found, cost_micros=found.cost, plan_micros=found.plan)
