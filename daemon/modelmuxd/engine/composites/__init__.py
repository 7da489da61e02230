"""Tasks made of tasks. A plan is stored with the parent, a pure function says what is next, a conductor has it done."""

from __future__ import annotations
