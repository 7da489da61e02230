"""What a project's own file may say: whoever wrote the repository wrote it.

Until the user trusts the folder it names no command, address or key, sets no variable, matches no regular expression,
and asks for no more than to read. What belongs to the one daemon of the user is never a project's to say.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from muxwire.faults import Fault
from muxwire.settings.document import Document
from muxwire.settings.path import Path, dotted, fault, nearest
from muxwire.settings.tree import as_list, as_table, without

USERS_OWN = ("limits", "daemon", "retention", "prices", "budgets")
"""Tables about the daemon and the user's money, which all projects share."""
GUARDED = ("providers", "a2a_agents", "acp_agents", "notifications", "strict_sandbox", "verify")
"""Keys that need trust wherever they appear in a project's file."""
GUARDED_IN_PROFILE = ("base_url", "api_key_env", "extra_env")


def restrain(document: Document, folder: str, *, trusted: bool) -> tuple[Document, list[Fault]]:
    """The project's document without what it may not say, and a fault for each of these."""
    own = (*_present(document.data, USERS_OWN), *_hook(document.data))
    refused = [(path, _users_own(path)) for path in own]
    if not trusted:
        refused += [(path, _untrusted(path, folder)) for path in _guarded(document.data)]
    data = document.data
    for path, _ in refused:
        data = without(data, path)
    faults = [fault(nearest(document.origins, path), text, hint) for path, (text, hint) in refused]
    return Document(data, document.origins, document.kind, document.where), faults


def _present(table: Mapping[str, Any], names: tuple[str, ...], path: Path = ()) -> Iterator[Path]:
    return ((*path, name) for name in names if name in table)


def _hook(data: Mapping[str, Any]) -> Iterator[Path]:
    """A command that runs at the end of every run is nobody's to bring along, trusted or not."""
    return _present(as_table(data.get("notifications")) or {}, ("on_finish",), ("notifications",))


def _guarded(data: Mapping[str, Any]) -> Iterator[Path]:
    yield from _present(data, GUARDED)
    for profile, words in _tables(data.get("profiles")):
        for provider, table in _tables(words.get("providers")):
            yield from _present(table, GUARDED_IN_PROFILE, ("profiles", profile, "providers", provider))
    for index, rule in enumerate(as_list((as_table(data.get("routing")) or {}).get("rules")) or ()):
        # Python's matcher can be kept busy for years by forty characters, and the daemon with it.
        match = as_table((as_table(rule) or {}).get("match")) or {}
        yield from _present(match, ("regex",), ("routing", "rules", index, "match"))
    for name, workflow in _tables(data.get("workflows")):
        if any(_writes(step) for step in as_list(workflow.get("steps")) or ()):
            yield ("workflows", name)
    for name, pattern in _tables(data.get("patterns")):
        if any((as_table(turn) or {}).get("writes") for turn in as_list(pattern.get("turns")) or ()):
            yield ("patterns", name)


def _writes(step: Any) -> bool:
    return bool((as_table(step) or {}).get("sandbox", "read-only") != "read-only")


def _tables(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, item in (as_table(value) or {}).items():
        if (table := as_table(item)) is not None:
            yield name, table


def _users_own(path: Path) -> tuple[str, str]:
    text = f"{dotted(path)} is about the daemon, which all your projects share; a project's file cannot say it."
    return text, "Move it to your own profiles.toml (`muxctl config path`)."


def _untrusted(path: Path, folder: str) -> tuple[str, str]:
    whole = {"workflows": "a workflow with steps that may write", "patterns": "a pattern with turns that may write"}
    what = whole.get(str(path[0])) or dotted(path)
    text = f"{what} needs your trust, since it comes with the project."
    return text, f"Read the file, then `muxctl trust {shlex.quote(folder)}`."
