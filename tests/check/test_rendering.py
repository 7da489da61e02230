"""`muxctl check` as people and programs see it."""

from __future__ import annotations

import json

import msgspec
from modelmuxd.edge.render.check import start
from muxwire.faults import Fault
from muxwire.insight import Check, Diagnosis, ProviderCheck
from muxwire.protocol import View

GOOD = ProviderCheck(
    available=True, binary="codex", path="/u/bin/codex", version="0.169.0", version_tested="0.169.0", login="yes",
    login_how="auth.json has tokens",
)  # fmt: skip
BAD = ProviderCheck(
    available=False, binary="claude", path="/u/bin/claude", version="2.0.1", version_tested="2.1.197", login="no",
    fault=Fault("auth", "Claude Code is not logged in: no \x1b[2Jtoken.", "Run `claude /login`.", provider="claude"),
)  # fmt: skip
GONE = ProviderCheck(
    available=False, binary="gemini", path="",
    fault=Fault("not_installed", "Gemini CLI is not installed.", "Run `npm install -g @google/gemini-cli`."),
)  # fmt: skip


def checked(**providers: ProviderCheck) -> Check:
    return Check(
        version="1",
        providers=providers,
        available_count=sum(one.available for one in providers.values()),
        active_profile="budget",
        profiles=("budget",),
        routing_rules=2,
        age_seconds=75.0,
        notices=(Fault("policy", "The policy is broken.", "Mend it."),),
    )


def test_text_has_a_line_each_and_the_command_that_mends_it() -> None:
    printed = start(View(width=100)).result(checked(claude=BAD, codex=GOOD, gemini=GONE))
    assert printed.stdout.decode() == (
        "error: The policy is broken.\n"
        "  → Mend it.\n"
        "✓  codex   0.169.0                  /u/bin/codex   logged in: auth.json has tokens\n"
        "✗  claude  2.0.1 (tested: 2.1.197)  /u/bin/claude  Claude Code is not logged in: no ␛[2Jtoken.\n"
        "✗  gemini  —                        —              Gemini CLI is not installed.\n"
        "\n"
        "  → claude: Run `claude /login`.\n"
        "  → gemini: Run `npm install -g @google/gemini-cli`.\n"
        "\n"
        "1 of 3 usable · looked 1 m 15 s ago, nothing changed · profile budget · 2 routing rules\n"
    )
    assert printed.code == 0


def test_a_diagnosis_ends_with_its_findings() -> None:
    late = Fault("version", "OpenAI Codex 0.98.3 is older than 0.169.0.", "npm install -g @openai/codex@0.169.0")
    seen = Diagnosis(sandboxes={"write": "kernel"}, last=("success",), searched="/u/bin:/bin", findings=(late,))
    printed = start(View()).result(checked(codex=msgspec.structs.replace(GOOD, diagnosis=seen)))
    assert (
        "codex\n"
        "  PATH      /u/bin:/bin\n"
        "  sandbox   write: kernel\n"
        "  account   ready\n"
        "  last runs success\n"
        "  finding   OpenAI Codex 0.98.3 is older than 0.169.0. → npm install -g @openai/codex@0.169.0\n"
    ) in printed.stdout.decode()


def test_a_narrow_terminal_loses_the_path_first() -> None:
    text = start(View(width=40, tty=True, colour=True)).result(checked(codex=GOOD)).stdout.decode()
    assert "/u/bin" not in text
    assert "\x1b[32m✓" in text


def test_nothing_usable_is_exit_code_4() -> None:
    assert start(View()).result(checked(claude=BAD)).code == 4
    assert start(View(json=True)).result(checked()).code == 4


def test_json_has_the_keys_of_old() -> None:
    printed = start(View(json=True)).result(checked(claude=BAD, codex=GOOD, gemini=GONE))
    told = json.loads(printed.stdout)
    assert {"version", "providers", "available_count", "active_profile", "profiles", "routing_rules"} <= set(told)
    assert told["providers"]["codex"].items() >= {"available": True, "binary": "codex", "path": "/u/bin/codex"}.items()
    assert told["providers"]["gemini"]["path"] == ""
    assert told["providers"]["claude"]["fault"]["hint"] == "Run `claude /login`."
    assert (told["available_count"], told["profiles"], told["routing_rules"]) == (1, ["budget"], 2)
