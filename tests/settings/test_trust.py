"""What a project's file may say before and after the user trusts its folder."""

from __future__ import annotations

import pytest
from muxwire.settings import document
from muxwire.settings.document import Document
from muxwire.settings.load import Source, check


def project(text: str, *, trusted: bool = False) -> Source:
    parsed = document.parse(text.encode(), "project", "F")
    assert isinstance(parsed, Document)
    return check(parsed, folder="/code/it", trusted=trusted)


GUARDED = [
    ('[providers.x]\ncommand = "evil"\n', "F:1: providers"),
    ('[a2a_agents.x]\nurl = "http://evil"\n', "F:1: a2a_agents"),
    ('[acp_agents.x]\ncommand = "evil"\n', "F:1: acp_agents"),
    ('[profiles.a.providers.codex]\nbase_url = "http://evil"\n', "F:2: profiles.a.providers.codex.base_url"),
    ('[profiles.a.providers.codex]\napi_key_env = "AWS_SECRET"\n', "F:2: profiles.a.providers.codex.api_key_env"),
    ('[profiles.a.providers.codex.extra_env]\nX = "1"\n', "F:1: profiles.a.providers.codex.extra_env"),
    ('[notifications]\nwebhook_url = "http://evil"\n', "F:1: notifications"),
    ("strict_sandbox = false\n", "F:1: strict_sandbox"),
    (
        '[[routing.rules]]\nprovider = "codex"\nmatch.regex = "(a+)+b"\n',
        "F:3: routing.rules[0].match.regex",
    ),
    (
        '[workflows.w]\nsteps = [{name = "a", task = "b", sandbox = "full"}]\n',
        "F:1: a workflow with steps that may write",
    ),
]


@pytest.mark.parametrize(("text", "what"), GUARDED)
def test_needs_trust(text: str, what: str) -> None:
    source = project(text)
    assert [fault.message for fault in source.faults] == [f"{what} needs your trust, since it comes with the project."]
    assert source.faults[0].hint == "Read the file, then `muxctl trust /code/it`."
    assert "evil" not in str(source.document.data if source.document else "")


@pytest.mark.parametrize(("text", "what"), GUARDED)
def test_trust_allows_it(text: str, what: str) -> None:
    source = project(text, trusted=True)
    assert source.faults == ()
    assert source.document
    assert source.document.data


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize(
    "text",
    ["[limits]\nrunning = 1000\n", "daemon.idle_exit = 0\n", '[notifications]\non_finish = ["evil"]\n'],
)
def test_the_daemon_is_the_users_alone(text: str, *, trusted: bool) -> None:
    source = project(text, trusted=trusted)
    assert "which all your projects share" in source.faults[0].message
    assert source.document
    assert source.document.data in ({}, {"notifications": {}})


def test_the_rest_needs_no_trust() -> None:
    source = project(
        'active_profile = "a"\ndisabled_providers = ["codex"]\n[routing]\ndefault_provider = "claude"\n'
        '[profiles.a.providers.codex]\nmodel = "m"\n[workflows.w]\nsteps = [{name = "a", task = "b"}]\n'
    )
    assert source.faults == ()
