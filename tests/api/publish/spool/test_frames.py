"""Records in bytes, and what is read of bytes that were damaged."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.publish.spool.frames import Damage, Frame, framed, header, parse, salt_of
from api.publish.spool.record import Record, from_bytes, to_bytes
from tests.api.publish.spool.parts import RECORDS, record

SALT = b"\x91salt\x00\xff!"
BODIES = [b"first", b"second" * 20, b"", b"fourth"]
WHOLE = b"".join(framed(body, SALT) for body in BODIES)
STARTS = [len(b"".join(framed(body, SALT) for body in BODIES[:at])) for at in range(5)]


def sound(raw: bytes) -> list[bytes]:
    return [part.body for part in parse(raw, SALT) if isinstance(part, Frame)]


def damage(raw: bytes) -> list[Damage]:
    return [part for part in parse(raw, SALT) if isinstance(part, Damage)]


@given(RECORDS, st.integers(0, 2**63))
def test_a_record_goes_out_and_comes_back(original: Record, at_ms: int) -> None:
    assert from_bytes(to_bytes(original, spooled_at_ms=at_ms)) == (original, at_ms)


@given(RECORDS, st.data())
def test_a_record_that_is_cut_or_longer_is_none(original: Record, data: st.DataObject) -> None:
    raw = to_bytes(original, spooled_at_ms=1)
    with pytest.raises(ValueError):  # noqa: PT011 - which one depends on where the cut is
        from_bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])
    with pytest.raises(ValueError, match="follows"):
        from_bytes(raw + b"x")


def test_a_record_of_a_newer_form_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="form 2"):
        from_bytes(b"\x02" + to_bytes(record(1), spooled_at_ms=1)[1:])


def test_what_does_not_fit_is_not_written() -> None:
    long = Record(event_id=record(1).event_id, key=b"k" * 65_536, value=b"", headers={})
    with pytest.raises(ValueError, match="key"):
        to_bytes(long, spooled_at_ms=1)
    named = Record(event_id=record(1).event_id, key=b"", value=b"", headers={"h" * 65_536: ""})
    with pytest.raises(ValueError, match="header"):
        to_bytes(named, spooled_at_ms=1)


def test_a_header_tells_its_salt() -> None:
    assert salt_of(header(SALT) + b"more") == SALT


@pytest.mark.parametrize("at", range(len(header(SALT))))
def test_a_header_with_a_wrong_byte_is_none(at: int) -> None:
    raw = bytearray(header(SALT))
    raw[at] ^= 1
    assert salt_of(bytes(raw)) is None
    assert salt_of(header(SALT)[:at]) is None


def test_frames_one_after_the_other() -> None:
    assert sound(WHOLE) == BODIES
    assert damage(WHOLE) == []


@pytest.mark.parametrize("cut", range(len(WHOLE)))
def test_a_tail_that_is_cut_off_costs_its_own_record_only(cut: int) -> None:
    whole = sum(start <= cut for start in STARTS) - 1
    assert sound(WHOLE[:cut]) == BODIES[:whole]
    left = cut - STARTS[whole]
    assert damage(WHOLE[:cut]) == ([Damage(STARTS[whole], left, is_tail=True)] if left else [])


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
@example(at=8, flip=0x80)  # a length of two thousand million
def test_a_wrong_byte_costs_its_own_record_only(at: int, flip: int) -> None:
    raw = bytearray(WHOLE)
    raw[at] ^= flip
    hit = sum(start <= at for start in STARTS) - 1
    assert sound(bytes(raw)) == BODIES[:hit] + BODIES[hit + 1 :]
    (found,) = damage(bytes(raw))
    assert (found.start, found.start + found.count) == (STARTS[hit], STARTS[hit + 1])
    assert found.is_tail == (hit == len(BODIES) - 1)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_frames_give_none(raw: bytes) -> None:
    assert sound(raw) == []
    assert sound(raw + WHOLE) == BODIES


def test_zeros_after_a_power_cut_are_a_damaged_tail() -> None:
    raw = WHOLE + bytes(4096)
    assert sound(raw) == BODIES
    assert damage(raw) == [Damage(len(WHOLE), 4096, is_tail=True)]


def test_an_event_that_looks_like_a_frame_is_no_frame() -> None:
    inner = framed(b"forged", b"guessed!")
    raw = bytearray(framed(b"before" + inner, SALT) + framed(b"after", SALT))
    raw[20] ^= 1
    assert sound(bytes(raw)) == [b"after"]
