"""One provider as it stands for one caller: where its program is, which version, and whether somebody is logged in."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec
from muxwire.faults import Fault
from muxwire.version import VERSION

from modelmuxd.adapters.base import HOSTED, Adapter, Login
from modelmuxd.domain.request import ProviderSettings
from modelmuxd.engine.look import Look, Sight, unchanged
from modelmuxd.engine.programs import Program, find_program


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """`fault` None: it can be asked. Holds no value of any variable."""

    program: str = ""
    """What to start."""
    found: str = ""
    """What stands on PATH; often a shim or a link."""
    version: str = ""
    login: Login = Login("unknown", "")
    fault: Fault | None = None


class Entry(msgspec.Struct, frozen=True):
    """An answer, when it was found, and all that it rests on."""

    located: Located
    at: float
    seen: dict[str, Sight]


def examine(adapter: Adapter, env: Mapping[str, str], names: frozenset[str], known: Entry | None, now: float) -> Entry:
    """The known answer while it holds, else a new one. Blocks on the disk for a few ms; starts nothing.

    `names`: variables that are set, besides those in `env`.
    """
    if known is not None and unchanged(known.seen):
        return known
    look = Look()
    if adapter.program == HOSTED:
        found = Program(found=sys.executable, start=sys.executable, version=VERSION)
    else:
        found = find_program(look, adapter.program, env.get("PATH", ""), adapter.package)
    login = _login(look, adapter, env, names | {name for name, value in env.items() if value})
    located = Located(
        program=found.start,
        found=found.found,
        version=found.version,
        login=login,
        fault=_fault(adapter, found, login),
    )
    return Entry(located, now, look.seen)


def under_profile(found: Located, adapter: Adapter, settings: ProviderSettings, names: frozenset[str]) -> Located:
    """What a profile changes: with a key of its own, or another address, the CLI's own login does not count.

    `names`: all variables that are set for the caller.
    """
    key = settings.api_key_env
    if adapter.program == HOSTED and settings.base_url and not key:
        return msgspec.structs.replace(found, fault=None)  # whether it answers there is seen when it is asked
    if (found.fault is not None and found.fault.code != "auth") or not (key or settings.base_url):
        return found
    if not key:
        login = found.login if found.fault is None else Login("unknown", "the profile names an address of its own")
        return msgspec.structs.replace(found, login=login, fault=None)
    if key in names:
        login = Login("yes", f"the profile's {key} is set", billing="metered", env_names=(key,))
        return msgspec.structs.replace(found, login=login, fault=None)
    login = Login("no", f"the profile's {key} is not set", f"export {key}=…", env_names=(key,))
    return msgspec.structs.replace(found, login=login, fault=_not_logged_in(adapter, login))


def expand(name: str, env: Mapping[str, str]) -> str:
    """The path that a name in `login_files` means; empty where the variable in front is not set.

    >>> expand("~/.codex/auth.json", {"HOME": "/home/a"}), expand("$CODEX_HOME/auth.json", {})
    ('/home/a/.codex/auth.json', '')
    """
    head, _, tail = name.partition("/")
    if head == "~":
        base = env.get("HOME", "")
    elif head.startswith("$"):
        base = env.get(head[1:], "")
    else:
        return name
    return f"{base.rstrip('/')}/{tail}" if base.startswith("/") else ""


def folder_names(adapter: Adapter) -> list[str]:
    """Variables that say in which folder a login lies; their values are needed, not only their names."""
    return sorted({name.partition("/")[0][1:] for name in adapter.login_files if name.startswith("$")})


def _login(look: Look, adapter: Adapter, env: Mapping[str, str], names: frozenset[str]) -> Login:
    files: dict[str, bytes] = {}
    for name in adapter.login_files:
        if (path := expand(name, env)) and (data := look.read(path)) is not None:
            files[name] = data
    try:
        login = adapter.login(files, names)
    except Exception:  # a user's own adapter, and files that anybody may have written
        return Login("unknown", "its login files could not be understood")
    unseen = [name for name in folder_names(adapter) if name in names and name not in env]
    if login.state == "no" and unseen:
        return Login("unknown", f"{unseen[0]} is set, but not known to us, so its folder was not looked at")
    if login.state != "yes" and look.unreadable:
        path, reason = next(iter(look.unreadable.items()))
        return msgspec.structs.replace(login, how=f"{path} {reason}")
    return login


def _fault(adapter: Adapter, found: Program, login: Login) -> Fault | None:
    npm = adapter.package.npm
    if not found.found:
        near = f" ({found.trouble})" if found.trouble else ""
        text = f"{adapter.title} is not installed: there is no {adapter.program} on PATH{near}."
        hint = f"Run `npm install -g {npm}`." if npm else f"Install it so that `{adapter.program}` is on PATH."
        return Fault("not_installed", text, hint, provider=adapter.name)
    if found.trouble:
        text = f"{adapter.title} cannot be started: {found.trouble}."
        return Fault("not_installed", text, "Install it, or add its folder to PATH.", provider=adapter.name)
    return _not_logged_in(adapter, login) if login.state == "no" else None


def _not_logged_in(adapter: Adapter, login: Login) -> Fault:
    text = f"{adapter.title} is not logged in: {login.how.rstrip('.') or 'it found no login'}."
    hint = f"Run `{login.fix}`." if login.fix else "Log in with its own program."
    return Fault("auth", text, hint, provider=adapter.name)
