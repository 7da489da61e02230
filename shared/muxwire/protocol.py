"""What travels in the frames, after the framing: hello, calls, answers, events. One msgpack array each, its tag first.

A connection begins with `Hello` from the client and `Welcome` (or `Refused`) from the daemon, both within
HELLO_TIMEOUT seconds and HELLO_LIMIT bytes. The client may send its first calls in the same write as the hello.
Then, for each `Call` the client makes (ids are the client's, positive, never reused on one connection):

    Call ->                     zero or more of          then exactly one of
    without a view              Event, Chunk             Result | Failed
    with a view (rendered)      Print, Named             Exit | Failed (this daemon cannot render it)

`Need` may come while a call is in flight: the daemon asks for environment values by name, and the client answers
`Supply` before it is asked again. `Feed` brings more input for a call in flight that takes any. `Cancel` ends one call;
hanging up ends all of a connection's calls. Either way the run goes on: detaching is not cancelling, unless the call
itself asked for that (`cancel_on_hangup`). A client that is done with sending but still reads (half-closed) gets the
answers to its calls.

What the daemon cannot read it answers by `Failed` and goes on; where no call can be named, with id 0. What is no frame
at all ends the connection. Unknown trailing elements and unknown fields are ignored: new optional fields are
compatible; a new message or event kind needs a feature in the hello.
"""

from __future__ import annotations

import msgspec

from muxwire.faults import Fault

MAGIC = "modelmux"
PROTOCOL = 1
MIN_PROTOCOL = 1
FEATURES: tuple[str, ...] = ("view", "chunk", "need", "named", "feed")
HELLO_TIMEOUT = 5.0
HELLO_LIMIT = 64 * 1024
CHUNK = 256 * 1024
"""Results larger than this travel as `Chunk`s first, so that no single frame holds the connection for long."""


class _Message(msgspec.Struct, frozen=True, array_like=True, tag_field="t"):
    pass


class Hello(_Message, frozen=True, tag="hello"):
    """The client introduces itself."""

    magic: str
    protocol: int
    min_protocol: int
    version: str
    features: tuple[str, ...] = ()
    role: str = "cli"
    """cli, shim, board, a2a or probe."""


class Welcome(_Message, frozen=True, tag="welcome"):
    """The daemon agrees: the protocol spoken from here on and the features both know."""

    protocol: int
    version: str
    features: tuple[str, ...]
    pid: int


class Refused(_Message, frozen=True, tag="refused"):
    """The daemon hangs up after this."""

    fault: Fault


class View(msgspec.Struct, frozen=True, array_like=True):
    """How the caller wants an answer rendered; the bytes then come ready to print."""

    json: bool = False
    width: int = 80
    height: int = 24
    colour: bool = False
    tty: bool = False


class Call(_Message, frozen=True, tag="call"):
    id: int
    method: str
    params: msgspec.Raw
    view: View | None = None


class Cancel(_Message, frozen=True, tag="cancel"):
    id: int


class Need(_Message, frozen=True, tag="need"):
    """Names of environment variables that this call's providers need."""

    id: int
    names: tuple[str, ...]


class Supply(_Message, frozen=True, tag="supply"):
    """The values of those that the caller has. Held in memory only, never logged, never stored."""

    id: int
    values: dict[str, str]

    def __repr__(self) -> str:
        return f"Supply(id={self.id}, values=<{len(self.values)} hidden>)"


class Feed(_Message, frozen=True, tag="feed"):
    """A piece of a numbered line for a call in flight (see `muxwire/mcp.py`); number 0 says that no more will come."""

    id: int
    number: int
    data: bytes = b""
    more: bool = False
    """Whether the line goes on in the next `Feed`."""
    replay: bool = False
    """It was answered by a former daemon: take it, and keep the answer to yourself."""
    age: float = 0.0
    """Seconds since the client wrote it."""


class Event(_Message, frozen=True, tag="event"):
    id: int
    value: msgspec.Raw


class Chunk(_Message, frozen=True, tag="chunk"):
    """A part of the encoded result. The parts in order, and the last one in `Result`, joined and decoded, are it."""

    id: int
    data: bytes


class Result(_Message, frozen=True, tag="result"):
    """The end of a call that succeeded. After `Chunk`s, `value` is msgpack `bin`: the last part."""

    id: int
    value: msgspec.Raw


class Failed(_Message, frozen=True, tag="failed"):
    """The end of a call that failed; with id 0, something that belongs to no call could not be read."""

    id: int
    fault: Fault


class Print(_Message, frozen=True, tag="print"):
    """Bytes for the caller's stdout (fd 1) or stderr (fd 2)."""

    id: int
    fd: int
    data: bytes


class Named(_Message, frozen=True, tag="named"):
    """The run that a rendered call follows, so that whoever reads only bytes can still name it."""

    id: int
    run_id: str


class Exit(_Message, frozen=True, tag="exit"):
    """The end of a rendered call: the exit code that the caller's process should have."""

    id: int
    code: int


FromClient = Hello | Call | Cancel | Supply | Feed
"""What a daemon reads."""
FromDaemon = Welcome | Refused | Need | Event | Chunk | Result | Failed | Print | Named | Exit
"""What a client reads."""
