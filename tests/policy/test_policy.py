"""policy.json: read with line and column, and what holds while it is broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from modelmuxd.life.policy_file import PolicyFile, read_policy
from modelmuxd.policy.parse import parse
from modelmuxd.policy.rules import Policy
from modelmuxd.policy.state import PolicyState, closed, notice

SPEC = b"""{
  "allowed_providers": [],
  "blocked_providers": ["gemini"],
  "blocked_sandboxes": ["full"],
  "max_timeout": 600,
  "max_calls_per_hour": 30,
  "max_calls_per_day": 200
}
"""


def faults(raw: bytes | str) -> list[str]:
    parsed = parse(raw if isinstance(raw, bytes) else raw.encode(), "P")
    assert not isinstance(parsed, Policy)
    return [fault.message for fault in parsed]


def test_the_example_of_the_specification() -> None:
    assert parse(SPEC) == Policy(
        blocked_providers=("gemini",),
        blocked_sandboxes=("full",),
        max_timeout=600,
        max_calls_per_hour=30,
        max_calls_per_day=200,
    )


@pytest.mark.parametrize(
    "raw", [b"", b" \n", b"{}", b"\xef\xbb\xbf{ }", b'{"max_timeout": 0, "allowed_providers": []}']
)
def test_says_nothing(raw: bytes) -> None:
    parsed = parse(raw)
    assert isinstance(parsed, Policy)
    assert parsed.entries == ()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ('{"max_timeout": 1,\n}', "P:1:18: a comma with nothing after it."),
        ('{\n "blocked_providers": ["codex", ]}', "P:2:31: a comma with nothing after it."),
        ('{"max_timeout": 1 "x": 2}', "P:1:19: this is not JSON: "),
        ("{", "P:1:2: this is not JSON: "),
        ("[]", "P:1:1: a policy is an object: { … }."),
        ('{\n  "max_timeuot": 1}', "P:2:3: there is no key 'max_timeuot'. Did you mean 'max_timeout'?"),
        ('{"max_timeout": "10"}', "P:1:17: max_timeout must be a whole number, 0 for no limit."),
        ('{"max_timeout": true}', "P:1:17: max_timeout must be a whole number"),
        ('{"max_timeout": 1.5}', "P:1:17: max_timeout must be a whole number"),
        ('{"max_timeout": NaN}', "P:1:17: max_timeout must be a whole number"),
        ('{"max_timeout": -1}', "P:1:17: max_timeout must be a whole number"),
        ('{"max_timeout": null}', "P:1:17: max_timeout must be a whole number"),
        ('{"blocked_providers": "codex"}', "P:1:23: blocked_providers must be a list of providers' names."),
        ('{"blocked_providers": [\n"codex",\n  3]}', "P:3:3: blocked_providers must be a list of providers' names."),
        ('{"blocked_providers": [""]}', "P:1:24: blocked_providers must be a list of providers' names."),
        ('{"blocked_sandboxes": ["ful"]}', "P:1:24: blocked_sandboxes must be a list of read-only, write, full."),
        ('{"max_timeout": 1, "max_timeout": 0}', "P:1:20: 'max_timeout' is said twice."),
        (b'{\n"\xff": 1}', "P:2:2: the file is not UTF-8."),
        ('{"a":' + "[" * 100_000, "P:1:1: this is not JSON that can be read: "),
        ('{"max_timeout": ' + "9" * 5000 + "}", "P:1:1"),
    ],
    ids=range(20),
)
def test_a_mistake_is_told_with_line_and_column(raw: bytes | str, said: str) -> None:
    told = faults(raw)
    assert len(told) == 1
    assert told[0].startswith(said)


def test_all_mistakes_are_told() -> None:
    told = faults('{"x": 1,\n"max_timeout": "a",\n"blocked_sandboxes": ["a", "full", "b"]}')
    assert [text.split(": ")[0] for text in told] == ["P:1:2", "P:2:16", "P:3:23", "P:3:36"]


@given(st.one_of(st.binary(), st.text(alphabet='{}[]",: \n1amx_').map(str.encode)))
@example(b"null")
@example(b"\xef\xbb\xbf\xc3\xa9\xff")
@example(b'{"a": 1}x')
@example(b'{"a" : [ ] , "b":"\\ud800"}')
def test_any_bytes_give_a_policy_or_faults_with_a_sentence(raw: bytes) -> None:
    parsed = parse(raw, "P")
    if not isinstance(parsed, Policy):
        assert parsed
        assert all(fault.message.startswith("P:") and fault.hint for fault in parsed)


VALUES = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.text()), st.lists, max_leaves=5)
KEYS = st.one_of(st.sampled_from(Policy.__struct_fields__), st.text(max_size=3))


@given(st.dictionaries(KEYS, VALUES), st.sampled_from([None, 2]))
def test_any_object_gives_what_it_says_or_faults(tree: dict[str, object], indent: int | None) -> None:
    parsed = parse(json.dumps(tree, indent=indent).encode())
    if isinstance(parsed, Policy):
        assert {name: list(value) if isinstance(value, tuple) else value for name in tree
                for value in [getattr(parsed, name)]} == tree  # fmt: skip


def test_nothing_is_refused_without_entries(tmp_path: Path) -> None:
    assert closed(read_policy(str(tmp_path / "policy.json"))) is None
    (tmp_path / "policy.json").write_text("{}")
    assert closed(read_policy(str(tmp_path / "policy.json"))) is None


def test_a_broken_policy_refuses_everything(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text('{"max_timeout": 1,}')
    refused = closed(read_policy(str(tmp_path / "policy.json")))
    assert refused
    assert refused.code == "policy"
    assert f"{tmp_path}/policy.json:1:18: a comma with nothing after it." in refused.message


def test_a_folder_in_its_place_refuses_everything(tmp_path: Path) -> None:
    (tmp_path / "policy.json").mkdir()
    refused = closed(read_policy(str(tmp_path / "policy.json")))
    assert refused
    assert "is a folder, not a file." in refused.message


def test_a_link_that_points_nowhere_refuses_everything(tmp_path: Path) -> None:
    (tmp_path / "policy.json").symlink_to("gone")
    refused = closed(PolicyFile(str(tmp_path / "policy.json")).now())
    assert refused
    assert "is a link that points nowhere." in refused.message


def test_a_policy_out_of_reach_refuses_everything(tmp_path: Path) -> None:
    (tmp_path / "policy.json").symlink_to("policy.json")
    refused = closed(PolicyFile(str(tmp_path / "policy.json")).now())
    assert refused
    assert "cannot be read: " in refused.message


def test_a_change_counts_at_once(tmp_path: Path) -> None:
    file = PolicyFile(str(tmp_path / "policy.json"))
    assert file.now().policy == Policy()
    (tmp_path / "policy.json").write_bytes(SPEC)
    assert file.now().policy.max_timeout == 600
    (tmp_path / "policy.json").unlink()
    assert file.now().policy == Policy()


def test_what_it_said_before_holds_while_it_is_broken(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_bytes(SPEC)
    file = PolicyFile(str(tmp_path / "policy.json"))
    (tmp_path / "policy.json").write_text('{"max_timeout": 1,}')
    state = file.now()
    assert (state.policy.max_timeout, closed(state)) == (600, None)
    told = notice(state)
    assert told
    assert "policy.json:1:18" in told.message
    assert "still holds" in told.message
    (tmp_path / "policy.json").write_text('{"max_timeout": 1}')
    assert (file.now().policy.max_timeout, notice(file.now())) == (1, None)


def test_a_daemon_that_starts_on_a_broken_policy_has_nothing_to_keep(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text("{")
    file = PolicyFile(str(tmp_path / "policy.json"))
    assert closed(file.now())
    (tmp_path / "policy.json").write_text("{}")
    assert closed(file.now()) is None


def test_a_folder_behind_a_link_is_the_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "policy.json").write_text(json.dumps({"allowed_workdirs": [str(tmp_path / "link")]}))
    assert read_policy(str(tmp_path / "policy.json")).policy.allowed_workdirs == (str(tmp_path / "real"),)


def test_an_empty_state_allows() -> None:
    assert closed(PolicyState("P")) is None
