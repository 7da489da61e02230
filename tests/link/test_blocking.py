"""The blocking client's own: time limits, leaving early, printing."""

from __future__ import annotations

import msgspec
import pytest
from muxclients.link.blocking import connect
from muxwire.faults import UNREACHABLE, Fault, FaultError
from muxwire.insight import Nothing
from muxwire.methods import PING, WATCH
from muxwire.protocol import Call, Cancel, Event, Exit, Failed, Print, Result, View
from muxwire.runs import WatchParams
from scripted_daemon import Script, following

NOTICE = msgspec.Raw(msgspec.msgpack.encode({"type": "notice", "attempt": 1, "text": ""}))
NIL = msgspec.Raw(b"\xc0")


def test_a_daemon_that_takes_too_long_is_given_up_and_told() -> None:
    heard: list[object] = []

    def script(daemon: Script) -> None:
        daemon.welcome()
        heard.extend([daemon.hear(), daemon.hear()])
        daemon.say(Result(1, NIL))  # too late
        third = daemon.hear()
        daemon.say(Result(third.id, msgspec.Raw(msgspec.msgpack.encode({"pid": 5}))))

    with following(script) as path, connect(path, "cli", version="1") as client:
        with pytest.raises(FaultError) as raised:
            client.call(PING, Nothing(), timeout=0.05)
        assert raised.value.fault.code == UNREACHABLE
        assert "'ping'" in raised.value.fault.message
        assert client.call(PING, Nothing(), timeout=20).pid == 5
    assert isinstance(heard[0], Call)
    assert heard[1] == Cancel(1)


def test_a_stream_left_early_is_cancelled() -> None:
    def script(daemon: Script) -> None:
        daemon.welcome()
        asked = daemon.hear()
        daemon.say(*(Event(asked.id, NOTICE),) * 2)
        assert daemon.hear() == Cancel(asked.id)

    with following(script) as path, connect(path, "cli", version="1") as client:
        stream = client.stream(WATCH, WatchParams("r"))
        for _ in stream:
            break
        stream.close()
        with pytest.raises(RuntimeError):
            _ = stream.result


def test_a_rendered_call_copies_bytes_and_gives_the_exit_code() -> None:
    def script(daemon: Script) -> None:
        daemon.welcome()
        asked = daemon.hear()
        assert asked.view == View(width=40)
        daemon.say(Print(asked.id, 1, b"\xffout"), Print(asked.id, 2, b"err"), Exit(asked.id, 3))

    prints: list[tuple[int, bytes]] = []
    with following(script) as path, connect(path, "cli", version="1") as client:
        code = client.rendered(PING, Nothing(), View(width=40), lambda fd, data: prints.append((fd, data)))
    assert (code, prints) == (3, [(1, b"\xffout"), (2, b"err")])


def test_a_rendered_call_that_cannot_be_rendered_raises() -> None:
    def script(daemon: Script) -> None:
        daemon.welcome()
        daemon.say(Failed(daemon.hear().id, Fault("protocol", "No.", "Ask without.")))

    with following(script) as path, connect(path, "cli", version="1") as client, pytest.raises(FaultError):
        client.rendered(PING, Nothing(), View(), lambda fd, data: None)


def test_calls_may_overlap() -> None:
    def script(daemon: Script) -> None:
        daemon.welcome()
        stream, call = daemon.hear(), daemon.hear()
        event = Event(stream.id, NOTICE)
        pong = Result(call.id, msgspec.Raw(msgspec.msgpack.encode({"pid": 5})))
        daemon.say(event, pong, event, Failed(stream.id, Fault("lost", "Gone.", "Retry.")))

    with following(script) as path, connect(path, "cli", version="1") as client:
        stream = client.stream(WATCH, WatchParams("r"))
        assert client.call(PING, Nothing()).pid == 5
        events = iter(stream)
        assert next(events)
        assert next(events)
        with pytest.raises(FaultError, match="Gone"):
            next(events)
