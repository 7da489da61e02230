"""What the shape cannot tell: names that must exist, expressions that must compile, addresses, variables.

Each problem is the path of the value, a sentence and a hint; the caller knows who said it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from urllib.parse import urlsplit

import msgspec

from muxwire.settings import workflows
from muxwire.settings.model import ProfileProvider, Settings, Workflow
from muxwire.settings.path import Path, dotted
from muxwire.settings.shape import shortened


class Problem(msgspec.Struct, frozen=True):
    path: Path
    message: str
    hint: str
    choices: tuple[str, ...] = ()


_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_RESERVED = ("auto", "all", "none")

FORBIDDEN = frozenset(
    """
    PATH HOME SHELL USER LOGNAME IFS ENV BASH_ENV BASHOPTS SHELLOPTS PROMPT_COMMAND PS4 CDPATH
    PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT NODE_OPTIONS NODE_PATH PERL5OPT PERL5LIB PERL5DB RUBYOPT RUBYLIB
    JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS GIT_SSH GIT_SSH_COMMAND GIT_ASKPASS SSH_ASKPASS GIT_EDITOR
    GIT_PAGER GIT_EXTERNAL_DIFF GIT_EXEC_PATH GIT_PROXY_COMMAND GIT_TEMPLATE_DIR GIT_DIR GIT_WORK_TREE EDITOR VISUAL
    PAGER BROWSER GCONV_PATH GLIBC_TUNABLES
    """.split()  # noqa: SIM905 - five lines instead of fifty
)
"""Variables with which a profile could run code in the agent or its tools, or change what is found."""
FORBIDDEN_PREFIXES = ("LD_", "DYLD_", "GIT_CONFIG", "BASH_FUNC_", "MODELMUX_", "NPM_CONFIG_")


def problems(settings: Settings, known: Collection[str]) -> Iterator[Problem]:
    """Everything that is wrong; `known` are the providers that have a name without being configured."""
    yield from _own_names(settings, known)
    names = {*known, *settings.own_providers}
    for path, name in _named_providers(settings):
        yield from _one_of("provider", path, name, names)
    if settings.active_profile != "default" or "default" in settings.profiles:
        yield from _one_of("profile", ("active_profile",), settings.active_profile, {"default", *settings.profiles})
    yield from _rules(settings)
    for profile, words in settings.profiles.items():
        for provider, entry in words.providers.items():
            yield from _profile_entry(("profiles", profile, "providers", provider), entry)
    yield from _addresses(settings)
    yield from _own(settings)
    yield from _copied(settings)
    yield from _patterns(settings)
    yield from _workflows(settings)


def _own(settings: Settings) -> Iterator[Problem]:
    """A command or a server, and nothing that belongs to the other."""
    for name, one in settings.providers.items():
        path, server = ("providers", name), (one.base_url, one.api_key_env, one.model)
        if bool(one.command) == bool(one.base_url):
            text = f"providers.{name} needs a command or a base_url, and has {'both' if one.command else 'neither'}."
            yield Problem(path, text, "Give one of them.")
        elif one.command and any(server):
            yield Problem(path, f"providers.{name} is a command, which has no api_key_env or model.", "Remove them.")


def _patterns(settings: Settings) -> Iterator[Problem]:
    for name, pattern in settings.patterns.items():
        roles = [turn.role for turn in pattern.turns]
        for index, role in enumerate(pattern.result):
            yield from _one_of("role", ("patterns", name, "result", index), role, roles)
        if not set(pattern.result) & set(roles):
            text = f"patterns.{name} says of no role that its answer is the result."
            yield Problem(("patterns", name), text, 'Write, for example, result = ["writer"].')
        for index, turn in enumerate(pattern.turns):
            here: Path = ("patterns", name, "turns", index)
            if not _NAME.match(turn.role) or roles.index(turn.role) != index:
                hint = "Use letters, digits, `.`, `_` and `-`, each role once."
                yield Problem((*here, "role"), f"{shortened(turn.role)} cannot be a role's name here.", hint)
            if turn.session:
                yield from _one_of("role", (*here, "session"), turn.session, roles)


def _workflows(settings: Settings) -> Iterator[Problem]:
    for name, plan in settings.workflows.items():
        names = [step.name for step in plan.steps]
        for index, step in enumerate(plan.steps):
            here: Path = ("workflows", name, "steps", index)
            if names.index(step.name) != index or step.name == workflows.INPUT:
                text = f"{shortened(step.name)} cannot be the name of another step."
                yield Problem((*here, "name"), text, "Give each step a name of its own, but `input`.")
            for place, need in enumerate(step.needs):
                yield from _one_of("step", (*here, "needs", place), need, names)
            if (step.on_fail == "fallback") != bool(step.fallback):
                text = f'{dotted(here)} needs both on_fail = "fallback" and a fallback, or neither.'
                yield Problem((*here, "fallback"), text, 'Write, for example, fallback = "claude".')
        if plan.version > 1:
            yield from _unknown_steps(name, plan)
        if circle := workflows.cycle(plan):
            text = f"In workflows.{name} steps wait for each other: {' → '.join(circle)}."
            yield Problem(("workflows", name), text, "Take one of these out of what the other takes or needs.")


def _unknown_steps(name: str, plan: Workflow) -> Iterator[Problem]:
    for index, word, names in workflows.unknown(plan):
        yield from _one_of("step", ("workflows", name, "steps", index, "task"), word, names)


def doubts(settings: Settings) -> Iterator[Problem]:
    """What may be meant, and probably is not: 0.29 left placeholders that stand for nothing as they are."""
    for name, plan in settings.workflows.items():
        if plan.version == 1:
            yield from _unknown_steps(name, plan)


def _copied(settings: Settings) -> Iterator[Problem]:
    for index, name in enumerate(settings.worktree.copy):
        if name.startswith("/") or ".." in name.split("/") or not name.strip("/.") or "\0" in name:
            text = f"worktree.copy holds {shortened(name)}, which is not below the top of the repository."
            yield Problem(("worktree", "copy", index), text, 'Write it relative to the top, such as ".env".')


def _own_names(settings: Settings, known: Collection[str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for table in ("providers", "a2a_agents", "acp_agents"):
        for name in getattr(settings, table):
            path = (table, name)
            if not _NAME.match(name) or name in _RESERVED:
                text = f"{shortened(name)} cannot be a provider's name."
                yield Problem(path, text, "Use letters, digits, `.`, `_` and `-`.")
            elif name in known:
                yield Problem(path, f"{name!r} is built in and cannot be defined again.", "Choose another name.")
            elif name in seen:
                yield Problem(path, f"{name!r} is defined in [{seen[name]}] too.", "Choose another name.")
            seen[name] = table


def _named_providers(settings: Settings) -> Iterator[tuple[Path, str]]:
    yield ("routing", "default_provider"), settings.routing.default_provider
    if settings.caller_override:
        yield ("caller_override",), settings.caller_override
    for index, name in enumerate(settings.disabled_providers):
        yield ("disabled_providers", index), name
    for index, rule in enumerate(settings.routing.rules):
        yield ("routing", "rules", index, "provider"), rule.provider
    for profile, words in settings.profiles.items():
        for name in words.providers:
            yield ("profiles", profile, "providers", name), name
    for name in settings.limits.providers:
        yield ("limits", "providers", name), name
    for name in settings.budgets.providers:
        yield ("budgets", "providers", name), name
    for name, pattern in settings.patterns.items():
        for index, turn in enumerate(pattern.turns):
            if turn.provider.partition("/")[0] != "auto":
                yield ("patterns", name, "turns", index, "provider"), turn.provider.partition("/")[0]
    for workflow, plan in settings.workflows.items():
        for index, step in enumerate(plan.steps):
            for key, word in (("provider", step.provider), ("fallback", step.fallback)):
                if word not in ("", "auto"):
                    yield ("workflows", workflow, "steps", index, key), word.partition("/")[0]


def _one_of(kind: str, path: Path, name: str, valid: Collection[str]) -> Iterator[Problem]:
    if name not in valid:
        names = tuple(sorted(valid))
        near = get_close_matches(name, names, n=1, cutoff=0.5)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        text = f"{dotted(path)}: there is no {kind} {shortened(name)}.{guess}"
        yield Problem(path, text, f"Known: {', '.join(names)}.", names)


def _rules(settings: Settings) -> Iterator[Problem]:
    for index, rule in enumerate(settings.routing.rules):
        try:
            re.compile(rule.match.regex)
        except (re.error, RecursionError, OverflowError) as error:
            path = ("routing", "rules", index, "match", "regex")
            text = f"{dotted(path)} of the rule for {rule.provider} is no regular expression: {error}."
            yield Problem(path, text, "Correct the expression.")


def _profile_entry(path: Path, entry: ProfileProvider) -> Iterator[Problem]:
    yield from _address((*path, "base_url"), entry.base_url)
    if entry.api_key_env and not _VARIABLE.match(entry.api_key_env):
        # not shown: people put the key itself there
        text = f"{dotted((*path, 'api_key_env'))} must be the name of a variable that holds the key, not the key."
        yield Problem((*path, "api_key_env"), text, 'Write, for example, api_key_env = "OPENAI_API_KEY".')
    for name, value in entry.extra_env.items():
        here = (*path, "extra_env", name)
        if not _VARIABLE.match(name):
            yield Problem(here, f"{shortened(name)} is no variable's name.", "Use letters, digits and `_`.")
        elif name.upper() in FORBIDDEN or name.upper().startswith(FORBIDDEN_PREFIXES):
            text = f"extra_env may not set {name}: it changes which programs run."
            yield Problem(here, text, "Remove it; what an agent's environment holds comes from your shell.")
        elif "\0" in value:
            yield Problem(here, f"the value of {name} has a NUL in it.", "Remove it.")


def _addresses(settings: Settings) -> Iterator[Problem]:
    for name, agent in settings.a2a_agents.items():
        yield from _address(("a2a_agents", name, "url"), agent.url, required=True)
    yield from _address(("notifications", "webhook_url"), settings.notifications.webhook_url)


def _address(path: Path, url: str, *, required: bool = False) -> Iterator[Problem]:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good and (url or required):
        yield Problem(path, f"{dotted(path)} is no http or https address.", 'Write, for example, "https://host/path".')
