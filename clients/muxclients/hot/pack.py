"""As much msgpack as the hot verbs need: property-tested against msgspec in both directions.

Format: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def encode(value: Any) -> bytes:
    """None, bool, int, float, str, bytes, list, tuple and dict. Raises TypeError for anything else.

    A whole float goes as an int, which every reader of a float takes.
    """
    if value is None:
        return b"\xc0"
    if value is False or value is True:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _int(value)
    if isinstance(value, str):
        data = value.encode()
        return _head(len(data), 0xA0, 32, 0xD9) + data
    if isinstance(value, (list, tuple)):
        return _head(len(value), 0x90, 16, 0xDB) + b"".join(map(encode, value))
    if isinstance(value, dict):
        pairs = b"".join(encode(key) + encode(item) for key, item in value.items())
        return _head(len(value), 0x80, 16, 0xDD) + pairs
    if isinstance(value, bytes):
        return _head(len(value), 0, 0, 0xC4) + value
    if isinstance(value, float):
        return _float(value)
    raise TypeError(f"cannot encode {type(value).__name__}")


def _head(size: int, short: int, shorts: int, code: int) -> bytes:
    """The length of a str (d9), bytes (c4), array (db, which has no 8-bit form) or map (dd)."""
    if size < shorts:
        return bytes((short | size,))
    if code in (0xD9, 0xC4) and size < 0x100:
        return bytes((code, size))
    if size < 0x10000:
        return bytes((code + 1,)) + size.to_bytes(2, "big")
    return bytes((code + 2,)) + size.to_bytes(4, "big")


def _int(value: int) -> bytes:
    if -32 <= value < 128:
        return (value & 0xFF).to_bytes(1, "big")
    if value < 0:
        return b"\xd3" + value.to_bytes(8, "big", signed=True)
    return b"\xcf" + value.to_bytes(8, "big")


def _float(value: float) -> bytes:
    if value.is_integer() and abs(value) < 2**53:
        return _int(int(value))
    from struct import pack

    return b"\xcb" + pack(">d", value)


def decode(data: bytes) -> Any:
    """One value. Raises ValueError or IndexError on what is no msgpack, or on its extension types."""
    value, end = _read(data, 0)
    if end != len(data):
        raise ValueError("more than one value")
    return value


def _read(data: bytes, at: int) -> tuple[Any, int]:
    code = data[at]
    at += 1
    if code < 0x80:
        return code, at
    if code >= 0xE0:
        return code - 0x100, at
    if code < 0x90:
        return _map(data, at, code & 0x0F)
    if code < 0xA0:
        return _array(data, at, code & 0x0F)
    if code < 0xC0:
        return _text(data, at, code & 0x1F)
    if code in _CONSTANTS:
        return _CONSTANTS[code], at
    if code not in _SIZED:
        raise ValueError(f"no value begins with {code:#x}")
    width, kind = _SIZED[code]
    if at + width > len(data):
        raise IndexError("cut off")
    number = int.from_bytes(data[at : at + width], "big", signed=kind is _signed)
    return kind(data, at + width, number)


def _array(data: bytes, at: int, size: int) -> tuple[list[Any], int]:
    items = []
    for _ in range(size):
        item, at = _read(data, at)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, size: int) -> tuple[dict[Any, Any], int]:
    pairs = {}
    for _ in range(size):
        key, at = _read(data, at)
        pairs[key], at = _read(data, at)
    return pairs, at


def _bytes(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise IndexError("cut off")
    return data[at : at + size], at + size


def _text(data: bytes, at: int, size: int) -> tuple[str, int]:
    raw, at = _bytes(data, at, size)
    return raw.decode(), at


def _unsigned(_data: bytes, at: int, number: int) -> tuple[int, int]:
    return number, at


def _signed(_data: bytes, at: int, number: int) -> tuple[int, int]:
    return number, at


def _double(data: bytes, at: int, _number: int) -> tuple[float, int]:
    from struct import unpack_from

    return unpack_from(">d", data, at - 8)[0], at


_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_SIZED = {
    0xC4: (1, _bytes),
    0xC5: (2, _bytes),
    0xC6: (4, _bytes),
    0xCB: (8, _double),
    0xCC: (1, _unsigned),
    0xCD: (2, _unsigned),
    0xCE: (4, _unsigned),
    0xCF: (8, _unsigned),
    0xD0: (1, _signed),
    0xD1: (2, _signed),
    0xD2: (4, _signed),
    0xD3: (8, _signed),
    0xD9: (1, _text),
    0xDA: (2, _text),
    0xDB: (4, _text),
    0xDC: (2, _array),
    0xDD: (4, _array),
    0xDE: (2, _map),
    0xDF: (4, _map),
}
