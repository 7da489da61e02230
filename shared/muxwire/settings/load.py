"""Reads the settings of a user and of a folder: the files, then the variables, each over the one before.

built in  <  user file  <  <workdir>/.modelmux/profiles.toml  <  MODELMUX_*
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Literal

import msgspec

from muxwire.faults import CONFIG, Fault
from muxwire.files import Unreadable, read_bounded
from muxwire.places import Places
from muxwire.settings import document, meaning
from muxwire.settings.document import MAX_BYTES, Document
from muxwire.settings.environment import read_environment
from muxwire.settings.hoist import hoist
from muxwire.settings.merge import merge
from muxwire.settings.model import BUILTINS, Settings
from muxwire.settings.path import Origin, Path, fault, nearest
from muxwire.settings.shape import clean, missing
from muxwire.settings.trust import restrain
from muxwire.settings.trusted import trusts

_OLD_FORMATS = (".json", ".yaml", ".yml")


class Loaded(msgspec.Struct, frozen=True):
    """Settings with their origins, and everything that was wrong.

    Where there are faults, `settings` lacks what they name; whoever loads decides whether to go on.
    """

    settings: Settings
    origins: dict[Path, Origin]
    """Of every value that somebody said; all others are built in."""
    warnings: tuple[Fault, ...]
    faults: tuple[Fault, ...]
    files: tuple[ConfigFile, ...] = ()


class ConfigFile(msgspec.Struct, frozen=True):
    """A file that is read, where it is there; later ones win."""

    kind: Literal["user", "project"]
    path: str
    exists: bool


class Source(msgspec.Struct, frozen=True):
    """One checked document, with what was wrong in it."""

    document: Document | None = None
    warnings: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()


def load(
    places: Places,
    workdir: str | None = None,
    env: Mapping[str, str] = os.environ,
    *,
    providers: Collection[str] = (),
) -> Loaded:
    """Read and check everything. Never raises for what the files hold; blocks on the disk.

    `providers`: names that exist besides the built-in and the configured ones.
    """
    files = [ConfigFile("user", places.profiles, os.path.lexists(places.profiles))]
    sources = [read_file("user", places.profiles)]
    if workdir is not None:
        path = project_file(workdir)
        files.append(ConfigFile("project", path, os.path.lexists(path)))
        sources.append(read_file("project", path, folder=workdir, trust=places.trusted))
    said, faults = read_environment(env)
    sources.append(check(said, faults=faults))
    return combine(sources, providers=providers, files=files)


def project_file(workdir: str) -> str:
    return str(pathlib.Path(workdir).absolute() / ".modelmux" / "profiles.toml")


def read_file(kind: Literal["user", "project"], path: str, *, folder: str = "", trust: str = "") -> Source:
    """One file: absent, refused, or a checked document. `trust`: where the user's trust is written down."""
    origin = Origin(kind, path)
    try:
        raw = read_bounded(path, MAX_BYTES)
    except Unreadable as error:
        hint = "Put a readable profiles.toml there, or nothing."
        return Source(faults=(Fault(CONFIG, f"{path} {error}.", hint),))
    if raw is None:
        return Source(warnings=tuple(_other_formats(path, origin)))
    return _checked(raw, kind, path, folder, bool(trust) and trusts(trust, folder, raw))


@lru_cache(maxsize=16)
def _checked(raw: bytes, kind: Literal["user", "project"], path: str, folder: str, trusted: bool) -> Source:
    """The same bytes mean the same: a daemon reads them anew for every task, and checks them once."""
    parsed = document.parse(raw, kind, path)
    if isinstance(parsed, Fault):
        return Source(faults=(parsed,))
    return check(parsed, folder=folder, trusted=trusted)


def check(said: Document, *, folder: str = "", trusted: bool = False, faults: Iterable[Fault] = ()) -> Source:
    """Hold one document against the shape of the settings and, for a project's, against what it may say."""
    said, warnings = hoist(said)
    refused: list[Fault] = []
    if said.kind == "project":
        said, refused = restrain(said, folder, trusted=trusted)
    data, wrong = clean(said.data, said.origins)
    good = Document(data, said.origins, said.kind, said.where)
    return Source(good, tuple(warnings), (*faults, *refused, *wrong))


def combine(sources: Iterable[Source], *, providers: Collection[str] = (), files: Iterable[ConfigFile] = ()) -> Loaded:
    """Lay the sources over each other and check what only the whole can tell. Pure."""
    sources = tuple(sources)
    data, origins = merge(source.document for source in sources if source.document is not None)
    data, lacking = missing(data, origins)
    settings = msgspec.convert(data, Settings)
    wrong = [
        fault(nearest(origins, problem.path), problem.message, problem.hint, problem.choices)
        for problem in meaning.problems(settings, {*BUILTINS, *providers})
    ]
    faults = [fault for source in sources for fault in source.faults]
    doubtful = [
        fault(nearest(origins, one.path), one.message, one.hint, one.choices) for one in meaning.doubts(settings)
    ]
    warnings = [warning for source in sources for warning in source.warnings]
    return Loaded(settings, origins, (*warnings, *doubtful), (*faults, *lacking, *wrong), tuple(files))


def _other_formats(path: str, origin: Origin) -> Iterable[Fault]:
    """0.29 also read JSON and YAML: say that such a file is there and is not read."""
    for suffix in _OLD_FORMATS:
        old = pathlib.Path(path).with_suffix(suffix)
        if old.exists():
            yield fault(Origin(origin.kind, str(old)), "this file is not read.", "Write it as profiles.toml.")
