"""Named pipes for Windows, which has no unix sockets that Python can use.

UNVERIFIED: written from the documentation of the Win32 API, checked against the types of pywin32, never run, for no
Windows was at hand. The contract tests (tests/life/test_pipes_windows.py) run wherever Windows is. WSL is the supported
way.

What stands between this pipe and others, as the folder, the mode and SO_PEERCRED do elsewhere:

- its name holds a hash of the user's home, so that users do not meet by accident;
- its access list names the owner and nobody else, not even administrators;
- FILE_FLAG_FIRST_PIPE_INSTANCE: when somebody else has made the name first, we fail instead of joining him;
- PIPE_REJECT_REMOTE_CLIENTS: it is no network share;
- a client allows identification only (SECURITY_IDENTIFICATION), so that a false server cannot act in its name, and
  looks at the owner of what it has opened.

Blocking, a thread per direction: `anyio.to_thread` wraps it. Handles are opened overlapped, since a synchronous handle
would make a write wait for a pending read.
"""

from __future__ import annotations

import os
import sys
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

if sys.platform != "win32":
    raise ImportError("named pipes are for Windows; elsewhere there are unix sockets")

import ntsecuritycon
import pywintypes
import win32api
import win32event
import win32file
import win32pipe
import win32security
import winerror

if TYPE_CHECKING:
    from _win32typing import PyOVERLAPPED, PySECURITY_ATTRIBUTES, PySID  # in types-pywin32 only

Handle = Any
"""A PyHANDLE, as pywin32's documentation has it; its types say int in some places."""

BUFFER = 64 * 1024
REJECT_REMOTE = 0x8
"""PIPE_REJECT_REMOTE_CLIENTS; pywin32 does not name it."""
IDENTIFICATION = 0x00010000 | 0x00100000
"""SECURITY_IDENTIFICATION | SECURITY_SQOS_PRESENT (CreateFileW)."""
GONE = frozenset({winerror.ERROR_BROKEN_PIPE, winerror.ERROR_PIPE_NOT_CONNECTED, winerror.ERROR_NO_DATA})


def pipe_name(home: str) -> str:
    """The address for this state folder."""
    return rf"\\.\pipe\modelmux-{blake2s(os.fsencode(os.path.normcase(home)), digest_size=8).hexdigest()}"


class PipeStream:
    """One connection. One thread may read while another writes."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def receive(self, size: int = BUFFER) -> bytes:
        """What has come, at least a byte; empty when the peer has hung up."""
        pending = _overlapped()
        try:
            _, buffer = win32file.ReadFile(self._handle, win32file.AllocateReadBuffer(size), pending)
            return bytes(buffer[: win32file.GetOverlappedResult(self._handle, pending, True)])
        except pywintypes.error as error:
            if error.winerror in GONE:
                return b""
            raise

    def send(self, data: bytes) -> None:
        """All of it. Raises BrokenPipeError when the peer has hung up."""
        rest = memoryview(data)
        while rest:
            pending = _overlapped()
            try:
                win32file.WriteFile(self._handle, rest[:BUFFER], pending)
                rest = rest[win32file.GetOverlappedResult(self._handle, pending, True) :]
            except pywintypes.error as error:
                if error.winerror in GONE:
                    raise BrokenPipeError(error.strerror) from None
                raise

    def close(self) -> None:
        """Hang up. Idempotent."""
        self._handle.Close()


class PipeListener:
    """The daemon's end. Raises FileExistsError when somebody has the name already."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._stop = win32event.CreateEvent(None, True, False, None)
        self._next = self._instance(first=True)

    def accept(self) -> PipeStream | None:
        """The next client; None after `close`. An instance is always there, so a client never finds a gap."""
        pending = _overlapped()
        code = win32pipe.ConnectNamedPipe(self._next, pending)
        if code == winerror.ERROR_IO_PENDING:
            which = win32event.WaitForMultipleObjects([pending.hEvent, self._stop], False, win32event.INFINITE)
            if which == win32event.WAIT_OBJECT_0 + 1:
                self._next.Close()
                return None
        handle, self._next = self._next, self._instance(first=False)
        return PipeStream(handle)

    def close(self) -> None:
        """Accept nobody any more; the name is gone with the last handle."""
        win32event.SetEvent(self._stop)

    def _instance(self, *, first: bool) -> Handle:
        flags = win32pipe.PIPE_ACCESS_DUPLEX | win32file.FILE_FLAG_OVERLAPPED
        if first:
            flags |= win32pipe.FILE_FLAG_FIRST_PIPE_INSTANCE
        mode = win32pipe.PIPE_TYPE_BYTE | win32pipe.PIPE_READMODE_BYTE | win32pipe.PIPE_WAIT | REJECT_REMOTE
        try:
            return win32pipe.CreateNamedPipe(
                self.name, flags, mode, win32pipe.PIPE_UNLIMITED_INSTANCES, BUFFER, BUFFER, 0, _owner_only()
            )
        except pywintypes.error as error:
            if error.winerror == winerror.ERROR_ACCESS_DENIED:
                raise FileExistsError(f"{self.name} is taken") from None
            raise


def connect(name: str) -> PipeStream | None:
    """None when nobody listens. Raises PermissionError when the pipe is not ours."""
    access = win32file.GENERIC_READ | win32file.GENERIC_WRITE
    try:
        handle = win32file.CreateFile(
            name, access, 0, None, win32file.OPEN_EXISTING, win32file.FILE_FLAG_OVERLAPPED | IDENTIFICATION, None
        )
    except pywintypes.error as error:
        if error.winerror == winerror.ERROR_FILE_NOT_FOUND:
            return None
        if error.winerror == winerror.ERROR_ACCESS_DENIED:
            raise PermissionError(f"{name} belongs to another user") from None
        raise
    if _owner_of(handle) != _me():
        handle.Close()
        raise PermissionError(f"{name} belongs to another user")
    return PipeStream(handle)


def _overlapped() -> PyOVERLAPPED:
    pending = pywintypes.OVERLAPPED()
    pending.hEvent = win32event.CreateEvent(None, True, False, None)
    return pending


def _me() -> PySID:
    token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32security.TOKEN_QUERY)
    sid: PySID = win32security.GetTokenInformation(token, win32security.TokenUser)[0]
    return sid


def _owner_of(handle: Handle) -> PySID:
    wanted = win32security.OWNER_SECURITY_INFORMATION
    kind = win32security.SE_KERNEL_OBJECT
    return win32security.GetSecurityInfo(handle, kind, wanted).GetSecurityDescriptorOwner()


def _owner_only() -> PySECURITY_ATTRIBUTES:
    """Owned by us; a protected list that grants us everything and others nothing."""
    me = _me()
    allowed = win32security.ACL()
    allowed.AddAccessAllowedAce(win32security.ACL_REVISION, ntsecuritycon.FILE_ALL_ACCESS, me)
    attributes = pywintypes.SECURITY_ATTRIBUTES()
    attributes.SECURITY_DESCRIPTOR.SetSecurityDescriptorOwner(me, False)
    attributes.SECURITY_DESCRIPTOR.SetSecurityDescriptorDacl(True, allowed, False)
    return attributes
