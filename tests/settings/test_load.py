"""The files as a user meets them: on disk, in layers, with variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from muxwire.places import Places, places
from muxwire.settings import Loaded, dotted, load, trusted

HERE = Path(__file__).parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "config").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def here(home: Path) -> Places:
    return places({"MODELMUX_HOME": str(home)})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project" / ".modelmux").mkdir(parents=True)
    return tmp_path / "project"


def write(path: str | Path, text: str | bytes) -> None:
    Path(path).write_bytes(text if isinstance(text, bytes) else text.encode())


def say(project: Path, text: str) -> None:
    write(project / ".modelmux" / "profiles.toml", text)


def trust(here: Places, project: Path) -> None:
    """Its file as it is now."""
    file = project / ".modelmux" / "profiles.toml"
    Path(here.state).mkdir(parents=True, exist_ok=True)
    trusted.write(
        here.trusted, {**trusted.read(here.trusted), str(project.resolve()): trusted.digest(file.read_bytes())}
    )


def origins(loaded: Loaded) -> dict[str, str]:
    return {dotted(path): str(origin) for path, origin in loaded.origins.items()}


def sentences(loaded: Loaded) -> str:
    return "\n".join(f"{fault.message} {fault.hint}" for fault in loaded.faults)


def test_nothing_there_gives_the_defaults(here: Places) -> None:
    loaded = load(here, env={})
    assert loaded.settings.routing.default_provider == "codex"
    assert loaded.settings.auto_exclude_caller
    assert (loaded.faults, loaded.warnings, loaded.origins) == ((), (), {})
    assert [(file.kind, file.exists) for file in loaded.files] == [("user", False)]


def test_the_example_of_the_specification_means_what_it_intends(here: Places) -> None:
    write(
        here.profiles, (HERE / "data" / "spec_example.toml").read_text().replace('override = ""', 'override = "claude"')
    )
    loaded = load(here, env={})
    assert loaded.faults == ()
    assert loaded.settings.caller_override == "claude"
    assert [rule.provider for rule in loaded.settings.routing.rules] == ["gemini", "claude"]
    assert loaded.settings.routing.rules[1].match.keywords == ("security", "architecture")
    assert loaded.settings.profiles["budget"].providers["codex"].model == "gpt-4.1-mini"
    assert [warning.message.partition(" stands")[0] for warning in loaded.warnings] == [
        f"{here.profiles}:16: caller_override",
        f"{here.profiles}:17: auto_exclude_caller",
    ]


def test_auto_exclude_caller_false_alone_is_kept(here: Places) -> None:
    write(here.profiles, '[routing]\ndefault_provider = "gemini"\nauto_exclude_caller = false\n')
    assert load(here, env={}).settings.auto_exclude_caller is False


def test_a_key_that_the_top_has_is_not_hoisted_over_it(here: Places) -> None:
    write(here.profiles, 'caller_override = "codex"\n[routing]\ncaller_override = "claude"\n')
    loaded = load(here, env={})
    assert loaded.settings.caller_override == "codex"
    assert ":3: there is no key" in sentences(loaded)


def test_a_project_wins_key_by_key(here: Places, project: Path) -> None:
    write(
        here.profiles,
        'active_profile = "budget"\n[routing]\ndefault_provider = "gemini"\n'
        '[profiles.budget]\ndescription = "cheap"\n[profiles.budget.providers.codex]\nmodel = "a"\n',
    )
    say(project, 'disabled_providers = ["claude"]\n[profiles.budget.providers.codex]\nmodel = "b"\n')
    loaded = load(here, str(project), env={})
    settings = loaded.settings
    assert loaded.faults == ()
    assert (settings.active_profile, settings.routing.default_provider) == ("budget", "gemini")
    assert settings.disabled_providers == ("claude",)
    assert settings.profiles["budget"].description == "cheap"
    assert settings.profiles["budget"].providers["codex"].model == "b"
    where = origins(loaded)
    assert where["active_profile"] == f"{here.profiles}:1"
    assert where["profiles.budget.providers.codex.model"] == f"{project}/.modelmux/profiles.toml:3"


def test_a_list_replaces_and_forgets_where_the_old_one_stood(here: Places, project: Path) -> None:
    write(here.profiles, '[[routing.rules]]\nprovider = "codex"\n[[routing.rules]]\nprovider = "claude"\n')
    say(project, '[[routing.rules]]\nprovider = "gemini"\n')
    loaded = load(here, str(project), env={})
    assert [rule.provider for rule in loaded.settings.routing.rules] == ["gemini"]
    assert "routing.rules[1].provider" not in origins(loaded)


def test_a_variable_wins_over_both_files(here: Places, project: Path) -> None:
    write(here.profiles, "[limits]\nrunning = 3\n[profiles.a]\n[profiles.b]\n")
    say(project, 'active_profile = "a"\n')
    env = {
        "MODELMUX_PROFILE": "b",
        "MODELMUX_MAX_RUNNING": "7",
        "MODELMUX_STRICT_SANDBOX": "yes",
        "MODELMUX_IDLE_EXIT": "",
    }
    loaded = load(here, str(project), env=env)
    assert loaded.faults == ()
    assert (loaded.settings.active_profile, loaded.settings.limits.running) == ("b", 7)
    assert loaded.settings.strict_sandbox
    assert loaded.settings.daemon.idle_exit == 30
    assert origins(loaded)["limits.running"] == "$MODELMUX_MAX_RUNNING"


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"MODELMUX_MAX_RUNNING": "many"}, '$MODELMUX_MAX_RUNNING: the variable must be a whole number; it is "many".'),
        ({"MODELMUX_MAX_RUNNING": "0"}, "$MODELMUX_MAX_RUNNING: limits.running must be a whole number from 1 to 10000"),
        ({"MODELMUX_OUTPUT_LIMIT": "2 pigs"}, '$MODELMUX_OUTPUT_LIMIT: limits.output must be a size such as "256MiB"'),
        ({"MODELMUX_STRICT_SANDBOX": "perhaps"}, "must be true or false"),
        ({"MODELMUX_PROFILE": "nosuch"}, "$MODELMUX_PROFILE: active_profile: there is no profile"),
    ],
)
def test_a_wrong_variable_is_a_fault(here: Places, env: dict[str, str], said: str) -> None:
    assert said in sentences(load(here, env=env))


def test_every_error_of_a_file_is_told(here: Places) -> None:
    write(
        here.profiles,
        'active_profil = "x"\n'
        'disabled_providers = "codex"\n'
        "[routing]\n"
        "default_provider = 3\n"
        "[[routing.rules]]\n"
        'provider = "codex"\n'
        'match = { keyword = ["a"], regex = 7 }\n'
        "[profiles.p.providers.codex]\n"
        "model = true\n",
    )
    loaded = load(here, env={})
    places_told = [fault.message.removeprefix(here.profiles).split(": ")[0] for fault in loaded.faults]
    assert places_told == [":1", ":2", ":4", ":7", ":7", ":9"]
    assert "Did you mean 'active_profile'?" in loaded.faults[0].message
    assert "active_profile" in loaded.faults[0].choices
    assert "no key \"keyword\" in routing.rules[0].match. Did you mean 'keywords'?" in loaded.faults[3].message
    assert loaded.faults[3].hint == "Valid keys: file_ext, keywords, regex."
    assert "must be a text in quotes; it is true or false." in loaded.faults[5].message


def test_a_top_level_key_under_a_table_is_told_its_place(here: Places) -> None:
    write(here.profiles, "[notifications]\nstrict_sandbox = true\n")
    assert "It belongs at the top of the file" in sentences(load(here, env={}))


def test_an_entry_without_what_it_needs(here: Places) -> None:
    write(
        here.profiles,
        '[providers.mine]\nargs = ["x"]\n\n[[routing.rules]]\npriority = 1\n[workflows.w]\nsteps = [{}]\n',
    )
    loaded = load(here, env={})
    assert f"{here.profiles}:1: providers.mine needs a command or a base_url, and has neither." in sentences(loaded)
    assert f"{here.profiles}:4: routing.rules[0] lacks 'provider'." in sentences(loaded)
    assert f"{here.profiles}:7: workflows.w.steps[0] lacks 'name' and 'task'." in sentences(loaded)


def test_a_project_may_complete_an_entry_of_the_users(here: Places, project: Path) -> None:
    write(here.profiles, '[providers.mine]\nargs = ["x"]\n')
    say(project, '[providers.mine]\ncommand = "run"\n')
    trust(here, project)
    loaded = load(here, str(project), env={})
    assert loaded.faults == ()
    assert loaded.settings.providers["mine"].args == ("x",)


def test_trust_is_in_a_file_as_it_was_and_in_no_other(here: Places, project: Path) -> None:
    say(project, '[verify]\ncommand = ["make", "test"]\n')
    assert "needs your trust" in sentences(load(here, str(project), env={}))
    trust(here, project)
    assert load(here, str(project), env={}).settings.verify.command == ("make", "test")
    say(project, '[verify]\ncommand = ["curl", "evil"]\n')
    changed = load(here, str(project), env={})
    assert (changed.settings.verify.command, len(changed.faults)) == ((), 1)
    Path(here.trusted).write_text("{broken")
    assert load(here, str(project), env={}).settings.verify.command == ()


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "", ".", "./"])
def test_what_goes_along_lies_in_the_repository(here: Places, name: str) -> None:
    write(here.profiles, f'[worktree]\ncopy = [".env", "{name}"]\n')
    assert "worktree.copy holds" in sentences(load(here, env={}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = [1\nb", ":2:1: "),
        ('x = "', ":1:6: "),
        ("[t]\n[t]\n", ":2:3: Cannot declare"),
        ("k = 1\nk = 2\n", ":2:6: Cannot overwrite"),
        (b"\xff\xfea\x00", "the file is UTF-16"),
        (b"a = 'x'\nb = '\xe9'\n", ":2: the file is not UTF-8"),
        ("a = " + "[" * 3000, ":1: more than 16 keys or lists inside each other"),
        ("\n" + ".".join("a" * 60_000) + " = 1", ":2: more than 16"),
        ("[" + ".".join("a" * 60_000) + "]", ":1: more than 16"),
        ("a = {" * 500, ":1: more than 16"),
        ("a = " + "9" * 5000, "this is not TOML that can be read"),
        ("#" * 300_000, "is larger than 256 KiB"),
    ],
    ids=range(12),
)
def test_what_is_not_toml_is_a_fault_with_its_place(here: Places, text: str | bytes, said: str) -> None:
    write(here.profiles, text)
    loaded = load(here, env={})
    assert said in sentences(loaded)
    assert here.profiles in sentences(loaded)
    assert loaded.settings.active_profile == "default"


@pytest.mark.parametrize("form", [b"\xef\xbb\xbf%s", b"%s"], ids=["bom", "plain"])
def test_utf8_with_bom_and_crlf_is_read(here: Places, form: bytes) -> None:
    text = 'disabled_providers = ["codex"]\r\n[profiles."größer"]\r\ndescription = "中文\\r"\r\nwrong = 1\r\n'
    write(here.profiles, form % text.encode())
    loaded = load(here, env={})
    assert loaded.settings.profiles["größer"].description == "中文\r"
    assert [fault.message for fault in loaded.faults] == [
        f'{here.profiles}:4: there is no key "wrong" in profiles."größer".'
    ]


def test_a_folder_or_pipe_in_its_place(here: Places, project: Path) -> None:
    Path(here.profiles).mkdir()
    os.mkfifo(project / ".modelmux" / "profiles.toml")
    told = sentences(load(here, str(project), env={}))
    assert f"{here.profiles} is a folder, not a file." in told
    assert "is a pipe, not a file." in told


def test_a_file_that_may_not_be_read(here: Places) -> None:
    write(here.profiles, "")
    Path(here.profiles).chmod(0)
    if os.access(here.profiles, os.R_OK):
        # as root nothing is unreadable; a name too long fails the same way
        here = Places(f"/{'x' * 300}", here.state, here.runtime)
    assert "cannot be read: " in sentences(load(here, env={}))


def test_a_file_under_a_file_is_no_file(here: Places, tmp_path: Path) -> None:
    write(tmp_path / "file", "")
    assert load(here, str(tmp_path / "file"), env={}).faults == ()


def test_formats_of_old_are_named_when_they_are_ignored(here: Places) -> None:
    write(Path(here.profiles).with_suffix(".json"), "{}")
    assert "profiles.json: this file is not read." in load(here, env={}).warnings[0].message
    write(here.profiles, "")
    assert load(here, env={}).warnings == ()


def test_an_edit_counts_from_the_next_load_on(here: Places) -> None:
    write(here.profiles, "[limits]\nrunning = 3\n")
    assert load(here, env={}).settings.limits.running == 3
    write(here.profiles, "[limits]\nrunning = 4\n")
    assert load(here, env={}).settings.limits.running == 4


def test_what_was_read_once_is_not_touched_by_what_is_laid_over_it(here: Places, project: Path) -> None:
    write(here.profiles, '[profiles.p.providers.codex]\nmodel = "a"\n')
    say(project, '[profiles.p.providers.codex]\nmodel = "b"\n')
    assert load(here, str(project), env={}).settings.profiles["p"].providers["codex"].model == "b"
    assert load(here, env={}).settings.profiles["p"].providers["codex"].model == "a"


def test_names_of_plugins_are_known_beside_the_built_in_ones(here: Places) -> None:
    write(here.profiles, 'disabled_providers = ["mine", "ollama"]\n')
    assert load(here, env={}, providers=("mine",)).faults == ()
    assert len(load(here, env={}).faults) == 1


def test_secrets_do_not_show_in_faults(here: Places) -> None:
    write(
        here.profiles,
        '[a2a_agents.x]\nurl = "ftp://h"\ntoken = ["tok-1"]\n[profiles.p.providers.codex]\napi_key_env = "sk-live-2"\n'
        'extra_env = { A = 3333, PATH = "secret-4" }\n[notifications]\nwebhook_url = "hooks/secret-5"\n',
    )
    loaded = load(here, env={})
    assert len(loaded.faults) == 6
    assert not [word for word in ("tok-1", "sk-live-2", "3333", "secret-4", "secret-5") if word in sentences(loaded)]
