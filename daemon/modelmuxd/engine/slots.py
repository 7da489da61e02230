"""Who runs now, and whether one more may: in all, on its account, in its workdir. Checked again inside the claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
from muxwire.settings.model import Limits

from modelmuxd.domain.decision import Held

ALL = "slots"
NESTED = "slots+"
"""What runs wait for when there is no slot at all: those that nobody's agent asked for, and those that one did."""


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt takes while it runs."""

    run_id: str
    provider: str
    account: str
    root: str = ""
    depth: int = 0
    parent: str = ""
    workdir: str = ""
    """The folder it writes in, real path; empty when it only reads or is isolated."""
    session: str = ""
    """The session that it goes on with."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What comes free when it ends."""
        folder = (f"workdir:{self.workdir}",) if self.workdir else ()
        session = (self.turn,) if self.session else ()
        return ALL, NESTED, f"slots:{self.account}", *folder, *session

    @property
    def turn(self) -> str:
        """One turn at a time: what the others of its session wait for."""
        return f"session:{self.provider}:{self.session}"


def kept_of(running: int) -> int:
    """Slots that are kept for nested runs, so that a parent's children cannot starve: a quarter, one at least, and
    none where there is but one."""
    return min(running - 1, max(1, running // 4))


class Slots:
    """Counts of what runs. A parent's own slot is not its child's: an agent that waits for one holds both."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.kept = kept_of(limits.running)
        self._seats: dict[str, Seat] = {}
        self._accounts: Counter[str] = Counter()
        self._between: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._seats)

    def taken(self, account: str) -> int:
        return self._accounts[account]

    def exhausted(self) -> list[str]:
        """What nobody needs to be offered just now."""
        each = self.limits.slots
        full = {seat.account for seat in self._seats.values() if self.taken(seat.account) >= each(seat.provider)}
        return [f"slots:{account}" for account in full] + [ALL] * bool(self.full(0)) + [NESTED] * bool(self.full(1))

    @property
    def seats(self) -> Iterator[Seat]:
        return iter(self._seats.values())

    def take(self, seat: Seat) -> None:
        self._seats[seat.run_id] = seat
        self._accounts[seat.account] += 1

    def give_back(self, run_id: str) -> tuple[str, ...]:
        """What came free."""
        seat = self._seats.pop(run_id, None)
        if seat is None:
            return ()
        self._accounts[seat.account] -= 1
        return seat.keys

    def put_between(self, composite: str, parent: str) -> None:
        """A composite has no seat, but the run whose agent asked for it waits for its turns."""
        self._between[composite] = parent

    def forget(self, composite: str) -> None:
        self._between.pop(composite, None)

    def full(self, depth: int) -> Held | None:
        """Whether there is no slot at all for a run of that depth."""
        kept = 0 if depth else self.kept
        most, running = self.limits.running - kept, len(self)
        if running < most:
            return None
        text = f"slots: {running} of {most} running in all" + (f"; {kept} more kept for nested runs" if kept else "")
        return Held(reason="slots", text=text, on=(NESTED if depth else ALL,))

    def held(self, seat: Seat) -> Held | None:
        """What keeps this attempt from starting now."""
        slots, taken = self.limits.slots(seat.provider), self.taken(seat.account)
        if taken >= slots:
            text = f"slots: {seat.account} has {taken} of {slots} running"
            return Held(reason="slots", text=text, on=(f"slots:{seat.account}",))
        return self._turn(seat) or self._writer(seat)

    def _turn(self, seat: Seat) -> Held | None:
        for other in self._seats.values() if seat.session else ():
            if (other.provider, other.session) == (seat.provider, seat.session):
                text = f"slots: session {seat.session} has a turn running, {other.run_id}"
                return Held(reason="slots", text=text, on=(seat.turn,))
        return None

    def _writer(self, seat: Seat) -> Held | None:
        for other in self._seats.values() if seat.workdir else ():
            if other.workdir and other.root != seat.root and meet(other.workdir, seat.workdir):
                text = f"workdir: {other.run_id} writes in {other.workdir}"
                return Held(reason="workdir", text=text, on=(f"workdir:{other.workdir}",))
        return None

    def never(self, parent: str, seat: Seat | None = None) -> str:
        """Why a run could wait for ever: those that wait for it hold every slot that it could have, in all or on its
        account. Empty: it can run."""
        above = list(self._above(parent))
        if len(above) >= self.limits.running:
            return f"{len(above)} of {self.limits.running} slots in all"
        if seat is None:
            return ""
        here, slots = sum(one.account == seat.account for one in above), self.limits.slots(seat.provider)
        return f"{here} of {slots} slots of {seat.account}" if here >= slots else ""

    def _above(self, run_id: str) -> Iterator[Seat]:
        while run_id:
            if seat := self._seats.get(run_id):
                yield seat
            run_id = seat.parent if seat else self._between.get(run_id, "")


def meet(one: str, other: str) -> bool:
    """Whether two folders are the same or one holds the other; real paths."""
    first, second = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return first.startswith(second) or second.startswith(first)
