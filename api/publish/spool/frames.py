"""Records one after the other in a segment, and what can be read of a damaged one. Pure.

A segment begins with a header: eight letters, the form, a salt, a checksum.  Each record stands in
a frame: the salt as a marker, its length, a CRC-32 of salt, length and record, and the record.
After a damaged frame the next sound one is found by the marker.  The salt is random, so that
nobody can put bytes into an event that look like a frame.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_LETTERS = b"UGCSPOOL"
_FORM = 1
_HEADER = struct.Struct(">8sB8sI")
_FRAME = struct.Struct(">8sII")

HEADER_BYTES = _HEADER.size
SALT_BYTES = 8
FRAME_BYTES = _FRAME.size
"""What a frame adds to its record."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A sound record; ``end`` is where the next frame begins, counted from the first byte given."""

    body: bytes
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no sound frame; ``is_tail`` when nothing sound follows them."""

    start: int
    count: int
    is_tail: bool


def header(salt: bytes) -> bytes:
    """The first bytes of a segment."""
    unsigned = _HEADER.pack(_LETTERS, _FORM, salt, 0)[:-4]
    return unsigned + zlib.crc32(unsigned).to_bytes(4, "big")


def salt_of(raw: bytes) -> bytes | None:
    """The salt in a segment's first bytes; ``None`` if they are no sound header."""
    if len(raw) < HEADER_BYTES:
        return None
    _, form, salt, _ = _HEADER.unpack_from(raw)
    found: bytes = salt
    return found if form == _FORM and raw[:HEADER_BYTES] == header(found) else None


def framed(body: bytes, salt: bytes) -> bytes:
    """A record in its frame."""
    return _FRAME.pack(salt, len(body), _checksum(body, salt)) + body


def parse(raw: bytes, salt: bytes) -> Iterator[Frame | Damage]:
    """Everything in the bytes after a header, in order; sound frames and what lies between."""
    at = 0
    while at < len(raw):
        frame = _frame_at(raw, at, salt)
        if frame is None:
            sound = _next_sound(raw, at + 1, salt)
            end = len(raw) if sound is None else sound
            yield Damage(at, end - at, is_tail=sound is None)
            at = end
        else:
            yield frame
            at = frame.end


def _next_sound(raw: bytes, at: int, salt: bytes) -> int | None:
    while (at := raw.find(salt, at)) >= 0:
        if _frame_at(raw, at, salt) is not None:
            return at
        at += 1
    return None


def _frame_at(raw: bytes, at: int, salt: bytes) -> Frame | None:
    if len(raw) - at < FRAME_BYTES:
        return None
    marker, count, checksum = _FRAME.unpack_from(raw, at)
    begin = at + FRAME_BYTES
    body = raw[begin : begin + count]
    is_sound = marker == salt and len(body) == count and checksum == _checksum(body, salt)
    return Frame(body, begin + count) if is_sound else None


def _checksum(body: bytes, salt: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(salt + len(body).to_bytes(4, "big")))
