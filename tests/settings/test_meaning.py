"""Names, expressions, addresses and variables: what only the whole tells."""

# ruff: noqa: E501 - one case, one line

from __future__ import annotations

import pytest
from muxwire.settings import Loaded, document
from muxwire.settings.document import Document
from muxwire.settings.load import check, combine


def load(text: str) -> Loaded:
    parsed = document.parse(text.encode(), "user", "F")
    assert isinstance(parsed, Document)
    return combine([check(parsed)])


def sentences(text: str) -> list[str]:
    return [fault.message for fault in load(text).faults]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('active_profile = "budgte"\n[profiles.budget]', "F:1: active_profile: there is no profile \"budgte\". Did you mean 'budget'?"),
        ('disabled_providers = ["codex", "gemni"]', "F:1: disabled_providers[1]: there is no provider \"gemni\". Did you mean 'gemini'?"),
        ('caller_override = "me"', "F:1: caller_override: there is no provider"),
        ('[routing]\ndefault_provider = "cdex"', "F:2: routing.default_provider: there is no provider \"cdex\". Did you mean 'codex'?"),
        ('\n[[routing.rules]]\nprovider = "x y"', "F:3: routing.rules[0].provider: there is no provider"),
        ('[[routing.rules]]\nprovider = "codex"\nmatch.regex = "(a"', "F:3: routing.rules[0].match.regex of the rule for codex is no regular expression: "),
        ("[profiles.a.providers.nosuch]", "F:1: profiles.a.providers.nosuch: there is no provider"),
        ("[limits.providers]\ncodx = 1", "F:2: limits.providers.codx: there is no provider"),
        ('[workflows.w]\nsteps = [{name = "a", task = "b", provider = "cod/gpt"}]', "F:2: workflows.w.steps[0].provider: there is no provider \"cod\""),
        ('[providers.codex]\ncommand = "x"', "F:1: 'codex' is built in and cannot be defined again."),
        ('[providers."a/b"]\ncommand = "x"', 'F:1: "a/b" cannot be a provider\'s name.'),
        ('[providers.auto]\ncommand = "x"', 'F:1: "auto" cannot be a provider\'s name.'),
        ('[providers.me]\ncommand = "x"\n[acp_agents.me]\ncommand = "y"', "F:3: 'me' is defined in [providers] too."),
        ('[profiles.a.providers.codex]\nbase_url = "file:///etc"', "F:2: profiles.a.providers.codex.base_url is no http or https address."),
        ('[profiles.a.providers.codex]\nbase_url = "https://[::1"', "F:2: profiles.a.providers.codex.base_url is no http"),
        ('[profiles.a.providers.codex]\nbase_url = "http://h:99999"', "F:2: profiles.a.providers.codex.base_url is no http"),
        ('[a2a_agents.b]\nurl = ""', "F:2: a2a_agents.b.url is no http or https address."),
        ('[notifications]\nevents = ["done"]', "F:2: notifications.events must be a list, each one of \"success\""),
        ('[limits]\noutput = "0MiB"', 'F:2: limits.output must be a size such as "256MiB"; it is "0MiB".'),
        ("[limits]\ntimeout = 0", "F:2: limits.timeout must be a whole number from 1 up; it is 0."),
        ("[limits]\nrunning = 2.5", "F:2: limits.running must be a whole number from 1 to 10000; it is 2.5."),
        ("[limits]\nrunning = true", "F:2: limits.running must be a whole number from 1 to 10000; it is true or false."),
        ("[limits]\nrunning = 99999999999999999999999", "F:2: limits.running must be a whole number from 1 to 10000"),
        ("[daemon]\nidle_exit = 2026-11-22", "F:2: daemon.idle_exit must be a whole number from 0 up; it is a date."),
        ("routing = 3", "F:1: routing must be a table; it is 3."),
        ("routing.rules = {}", "F:1: routing.rules must be a list of tables, [[routing.rules]]; it is a table."),
        ("profiles = [1]", "F:1: profiles must be a table; it is a list."),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, said: str) -> None:
    told = sentences(text)
    assert len(told) == 1
    assert told[0].startswith(said)


@pytest.mark.parametrize(
    "name",
    ["PATH", "Path", "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PYTHONPATH", "HOME", "SHELL", "USER",
     "NODE_OPTIONS", "GIT_SSH_COMMAND", "BASH_ENV", "PYTHONSTARTUP", "GIT_CONFIG_COUNT", "MODELMUX_ATTEMPT"],
)  # fmt: skip
def test_extra_env_refuses_what_changes_which_programs_run(name: str) -> None:
    told = sentences(f'[profiles.a.providers.codex.extra_env]\nGOOD = "1"\n{name} = "x"\n')
    assert told == [f"F:3: extra_env may not set {name}: it changes which programs run."]


def test_extra_env_names_are_names() -> None:
    assert sentences('[profiles.a.providers.codex.extra_env]\n"A=B" = "x"') == ['F:2: "A=B" is no variable\'s name.']
    assert len(sentences('[profiles.a.providers.codex.extra_env]\nA = "\\u0000"')) == 1


def test_own_providers_may_be_named_everywhere() -> None:
    loaded = load(
        'disabled_providers = ["mine"]\n[routing]\ndefault_provider = "far"\n[providers.mine]\ncommand = "m"\n'
        '[a2a_agents.far]\nurl = "http://localhost:8080"\ntoken = "secret"\npattern = "code-review"\n'
        '[acp_agents.near]\ncommand = "n"\n[limits.providers]\nnear = 1\n'
    )
    assert loaded.faults == ()
    assert loaded.settings.own_providers == ("mine", "far", "near")
    assert "secret" not in repr(loaded.settings)
    assert (loaded.settings.limits.slots("near"), loaded.settings.limits.slots("codex")) == (1, 4)


@pytest.mark.parametrize(("text", "size"), [("256MiB", 256 << 20), ("1 KiB", 1024), ("2GiB", 2 << 30)])
def test_sizes(text: str, size: int) -> None:
    assert load(f'[limits]\noutput = "{text}"').settings.limits.output_bytes == size
