"""What a running agent's silence means: a hung start, something worth a word, or nothing.

Silence is counted in ticks of our own, each worth at most TICK seconds: a machine that was suspended, or a daemon that
was stopped, has not listened meanwhile.
"""

from __future__ import annotations

from muxwire.faults import Fault

from modelmuxd.engine.times import span

TICK = 5.0
"""Seconds between two looks at a silent agent."""
WORTH_A_WORD = 300.0
"""Seconds of silence after which an agent that seems to do nothing is mentioned."""
AT_WORK = 1800.0
"""The same for one whose tool runs or whose processes compute: a test suite may take its time."""
BUSY = 0.02
"""Share of a core above which a tree computes."""
SHOWN = 60.0
"""Seconds of silence that a status line shows."""


class Silence:
    """One attempt's silence so far."""

    def __init__(self) -> None:
        self.heard = False
        """Whether it has said anything at all."""
        self.seconds = 0.0
        self._tools: dict[str, int] = {}
        self._told = False

    def broken(self) -> None:
        """It said something."""
        self.heard, self.seconds, self._told = True, 0.0, False

    def tool(self, name: str, status: str) -> None:
        """A tool was started, or has ended."""
        count = self._tools.get(name, 0) + (1 if status == "started" else -1)
        self._tools[name] = max(0, count)

    @property
    def open_tools(self) -> list[str]:
        return [name for name, count in self._tools.items() if count]

    def tick(self, seconds: float) -> None:
        self.seconds += min(seconds, TICK)

    def hung(self, first_byte_s: float) -> bool:
        """Whether it has not said a first word in all the time that its provider needs for one."""
        return not self.heard and self.seconds >= first_byte_s

    def worth_asking(self) -> bool:
        """Whether it is worth finding out if the tree computes."""
        return self.heard and not self._told and self.seconds >= WORTH_A_WORD

    def remark(self, provider: str, cpu: float | None) -> str:
        """A sentence for whoever watches, once in each silence; empty while there is nothing to say. `cpu` is the
        share of a core that its processes use, None where that cannot be known."""
        tools, busy = self.open_tools, cpu is not None and cpu >= BUSY
        if self.seconds < (AT_WORK if tools or busy else WORTH_A_WORD):
            return ""
        self._told = True
        doing = f"{tools[0]} still runs" if tools else "its processes compute" if busy else "it seems to do nothing"
        return f"{provider} has said nothing for {span(self.seconds)}; {doing}."


def said_nothing(provider: str, seconds: float) -> Fault:
    """A hung start is a crash: the same again may help, another provider surely."""
    return Fault(
        code="crashed",
        message=f"{provider} said nothing for {span(seconds)} after its start, and was ended.",
        hint=f"Try it by hand, or see what it lacks: muxctl check -p {provider}",
        provider=provider,
    )
