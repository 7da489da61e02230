"""Whether the server on this machine that a provider needs is there now. Asked each time: a server comes and goes."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import msgspec
from muxwire.faults import Fault

from modelmuxd.adapters.base import Adapter, Package, Served
from modelmuxd.engine.located import Located
from modelmuxd.engine.look import Look
from modelmuxd.engine.programs import find_program

PATIENCE = 0.5
"""Seconds; one on this machine answers, or refuses, at once."""


def with_server(found: Located, adapter: Adapter, env: Mapping[str, str]) -> Located:
    """Blocks for as long as that takes: use a thread."""
    if found.fault is not None or not isinstance(adapter, Served):
        return found
    host, port = adapter.address(env)
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError:
        if _stands_in(adapter, env):
            how = f"nobody answers at {host}:{port}; `{adapter.stand_in} run` is asked instead"
            return msgspec.structs.replace(found, login=msgspec.structs.replace(found.login, how=how))
        text = f"{adapter.title} is not running: nobody answers at {host}:{port}."
        fault = Fault("not_installed", text, adapter.start_hint, provider=adapter.name)
        return msgspec.structs.replace(found, fault=fault)
    return found


def _stands_in(adapter: Served, env: Mapping[str, str]) -> bool:
    return bool(adapter.stand_in and find_program(Look(), adapter.stand_in, env.get("PATH", ""), Package()).found)
