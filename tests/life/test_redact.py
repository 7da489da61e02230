from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muxwire.redact import redact

BODY = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7_-xyzABCDEF"


@pytest.mark.parametrize(
    ("secret", "left"),
    [
        (f"sk-{BODY}", "sk-…"),
        (f"sk-ant-{BODY}", "sk-ant-…"),
        (f"AIza{BODY}", "AIza…"),
        (f"gho_{BODY}", "gho_…"),
        (f"github_pat_{BODY}", "github_pat_…"),
        (f"Bearer {BODY}", "Bearer …"),
        (f"authorization: basic {BODY}", "authorization: basic …"),
        (f"OPENAI_API_KEY={BODY}", "OPENAI_API_KEY=…"),
        (f'"api_key": "{BODY}"', '"api_key": "…"'),
        ("https://user:hunter2@host/x", "https://…@host/x"),
        (f"eyJhbGciOi.eyJzdWIi.{BODY}", "eyJ…"),
    ],
)
def test_known_shapes_go(secret: str, left: str) -> None:
    assert redact(f"before ({secret}) after").replace(")", "") == f"before ({left} after".replace(")", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "task-with-a-long-dashed-name-in-it",
        "sk-short",
        "https://host/path@x",
        "the bearer of bad news",
        "a: b",
        "passwords",
    ],
)
def test_plain_text_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text(), st.text())
def test_a_key_never_survives(before: str, after: str) -> None:
    assert BODY not in redact(f"{before} sk-{BODY} {after}")


@given(st.text(max_size=2000))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)
