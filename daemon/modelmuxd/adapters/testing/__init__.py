"""What every adapter must keep, ours and yours: two plain lists of checks.

@pytest.mark.parametrize("check", FORM)
def test_form(check):
    check(MyAdapter())

@pytest.mark.parametrize("check", VOICE)
def test_voice(check):
    check(Voice(MyAdapter(), answers=…, faults=…))
"""

from __future__ import annotations

from modelmuxd.adapters.testing.form import FORM, LINES
from modelmuxd.adapters.testing.replay import answer, replay, request
from modelmuxd.adapters.testing.voice import KINDS, VOICE, Said, Voice

__all__ = ["FORM", "KINDS", "LINES", "VOICE", "Said", "Voice", "answer", "replay", "request"]
